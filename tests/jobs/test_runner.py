"""The shipped job, run as a scheduler would: plan, run, run again, status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ee_floods.errors import ConfigError
from ee_floods.jobs.runner import job_status, run_job

JOB = Path(__file__).parents[2] / "export_jobs" / "first_dataset.yaml"


def _ee_floods(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ee_floods", *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}
    )


@pytest.mark.engine
def test_the_first_job_is_planned_run_and_not_run_twice(tmp_path: Path) -> None:
    jobs = tmp_path / "export_jobs"
    jobs.mkdir()
    shutil.copy(JOB, jobs)
    file, state = f"export_jobs/{JOB.name}", str(tmp_path / "engine")

    plan = _ee_floods("jobs", "plan", file, "--state", state, "--json", cwd=tmp_path)
    assert plan.returncode == 0, plan.stderr
    planned = json.loads(plan.stdout)
    assert planned["new_tasks"] == len(planned["pairs"]) == 2
    assert [pair["chips"] for pair in planned["pairs"]] == [2, 2]

    first = _ee_floods("jobs", "run", file, "--state", state, "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) | {"output": ""} == {
        "name": "first", "output": "", "pairs": 2, "chips": 4, "new_tasks": 2,
    }  # fmt: skip
    folder = tmp_path / "datasets" / "first"
    written = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    again = _ee_floods("jobs", "run", file, "--state", state, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["new_tasks"] == 0
    assert {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == written

    status = _ee_floods("jobs", "status", file, "--json", cwd=tmp_path)
    assert {task["state"] for task in json.loads(status.stdout)} == {"SUCCEEDED"}
    check = _ee_floods("dataset", "check", str(folder), cwd=tmp_path)
    assert check.returncode == 0, check.stderr
    info = _ee_floods("dataset", "info", str(folder), cwd=tmp_path)
    assert "SIMULATED" in info.stdout

    shard = next(folder.rglob("*.tfrecord.gz"))
    shard.write_bytes(shard.read_bytes()[:-9])
    broken = _ee_floods("dataset", "check", str(folder), cwd=tmp_path)
    assert broken.returncode == 1
    assert shard.name in broken.stderr


def test_a_job_for_the_real_service_needs_its_project(tmp_path: Path) -> None:
    text = JOB.read_text().replace("engine: local", "engine: earthengine")
    (tmp_path / "job.yaml").write_text(text)
    with pytest.raises(ConfigError, match="`project` is missing"):
        run_job(tmp_path / "job.yaml")


def test_a_mistyped_key_names_file_and_line(tmp_path: Path) -> None:
    text = JOB.read_text().replace("  scale: 10", "  scal: 10")
    (tmp_path / "job.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"job\.yaml:\d+: `dataset\.scal`"):
        job_status(tmp_path / "job.yaml")
