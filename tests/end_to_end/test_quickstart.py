"""The main job as a person runs it, twice, and what it leaves."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from ee_floods.contracts.card import ModelCard
from ee_floods.contracts.dataset import DatasetManifest
from ee_floods.contracts.report import RunReport
from ee_floods.inference.product_file import read_product

pytestmark = [pytest.mark.engine, pytest.mark.tf]

MODELS = {"student", "teacher", "supervised", "weak_label", "otsu", "vh_threshold"}


def _quickstart(out: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "EE_FLOODS"))}
    return subprocess.run(
        [sys.executable, "-m", "ee_floods", "quickstart", "-o", str(out)],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip


def _files(out: Path) -> dict[str, bytes]:
    """Everything a person gets; the engine's own state is not part of it."""
    return {
        p.relative_to(out).as_posix(): p.read_bytes()
        for p in sorted(out.rglob("*"))
        if p.is_file() and "engine" not in p.relative_to(out).parts[:1]
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("quickstart")
    done = _quickstart(out)
    assert done.returncode == 0, done.stderr
    return out, done


def test_it_ends_with_the_contracted_report(first: tuple[Path, object]) -> None:
    out, _ = first
    report = RunReport.read(out / "report.json")
    assert report.simulated
    assert set(report.metrics) == MODELS
    assert all(0 <= (score.pooled_iou or 0) <= 1 for score in report.metrics.values())
    assert report.peak_memory_mib > 100
    assert {"map", "picture", "flood", "asset"} <= set(report.outputs)
    for name in ("map", "picture", "flood", "dataset", "teacher", "student"):
        assert (out / report.outputs[name]).stat().st_size > 1000
    assert len(report.pairs) == len(DatasetManifest.read(out / "dataset" / "dataset.json").pairs)


def test_the_student_beats_otsu(first: tuple[Path, object]) -> None:
    metrics = RunReport.read(first[0] / "report.json").metrics
    student, otsu = metrics["student"].pooled_iou, metrics["otsu"].pooled_iou
    assert student is not None and otsu is not None
    assert student > otsu


def test_what_it_prints_has_no_noise_and_says_simulated(
    first: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    done = first[1]
    assert "SIMULATED" in done.stdout and "SIMULATED" in done.stderr
    assert not re.search(r"tensorflow|oneDNN|cuda|absl|Traceback|Warning", done.stdout + done.stderr, re.I)
    for word in ("student, distilled", "Otsu on VH", "map.html"):
        assert word in done.stdout


def test_everything_says_that_it_is_simulated(first: tuple[Path, object]) -> None:
    out, _ = first
    assert DatasetManifest.read(out / "dataset" / "dataset.json").simulated
    assert ModelCard.read(out / "models" / "student.json").simulated
    product = read_product(out / "flood.tif")
    assert product.properties.simulated
    assert product.properties.event.startswith("SIMULATED")
    assert "SIMULATED" in (out / "map.html").read_text(encoding="utf-8")
    with rasterio.open(out / "flood.tif") as file:
        assert "true" in {value.lower() for key, value in file.tags().items() if "SIMULATED" in key.upper()}


def test_the_map_separates_flood_from_permanent_water(first: tuple[Path, object]) -> None:
    product = read_product(first[0] / "flood.tif")
    classes = set(np.unique(product.flood).tolist())
    assert {0, 3} <= classes
    assert "permanent and seasonal water" not in product.properties.not_assessed


def _tasks_and_assets(out: Path) -> tuple[list[object], list[object]]:
    """Tasks and assets in the engine's own books, which a second run must leave alone."""
    with sqlite3.connect(out / "engine" / "engine.sqlite3") as books:
        names = [row[0] for row in books.execute("select name from sqlite_master where type='table'")]
        tables = [name for name in names if "operation" in name or "asset" in name]
        assert len(tables) >= 2, names
        rows = {name: books.execute(f"select * from {name}").fetchall() for name in tables}
    return [rows[n] for n in tables if "operation" in n], [rows[n] for n in tables if "asset" in n]


def test_a_second_run_changes_nothing_but_the_timings(first: tuple[Path, object]) -> None:
    out, _ = first
    before, books = _files(out), _tasks_and_assets(out)
    done = _quickstart(out)
    assert done.returncode == 0, done.stderr
    after = _files(out)
    reports = [json.loads(found.pop("report.json")) for found in (before, after)]
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []
    for report in reports:
        report["steps"] = [step["name"] for step in report["steps"]]
        del report["peak_memory_mib"]
    assert reports[0] == reports[1]
    assert _tasks_and_assets(out) == books
