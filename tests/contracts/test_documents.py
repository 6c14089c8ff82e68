"""Golden files of every document, and what happens to a newer, another, or a broken one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ee_floods.contracts.card import ModelCard
from ee_floods.contracts.dataset import DatasetManifest
from ee_floods.contracts.document import Document
from ee_floods.contracts.product import ProductProperties
from ee_floods.contracts.report import BenchmarkReport, EvaluationReport, RunReport
from ee_floods.contracts.schema import VERSIONS, schema_name
from ee_floods.errors import CorruptFileError, FormatVersionError, InputError

GOLDEN = Path(__file__).parents[1] / "golden"
KINDS: dict[str, type[Document]] = {
    "benchmark": BenchmarkReport,
    "card": ModelCard,
    "dataset": DatasetManifest,
    "evaluation": EvaluationReport,
    "product": ProductProperties,
    "report": RunReport,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_golden_file_reads_and_is_written_the_same(kind: str) -> None:
    path = GOLDEN / f"{kind}.json"
    document = KINDS[kind].read(path)
    assert document.to_json() == path.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_a_newer_schema_names_both_versions(kind: str) -> None:
    data = json.loads((GOLDEN / f"{kind}.json").read_text())
    data["schema"] = f"ee-floods/{kind}/{VERSIONS[kind][0] + 1}.0"
    with pytest.raises(FormatVersionError, match=rf"{kind}/{VERSIONS[kind][0] + 1}\.0.*reads") as caught:
        KINDS[kind].from_json(json.dumps(data), "new.json")
    assert "Upgrade" in caught.value.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_minor_version_with_new_keys_reads(kind: str) -> None:
    data = json.loads((GOLDEN / f"{kind}.json").read_text())
    data |= {"schema": f"ee-floods/{kind}/{VERSIONS[kind][0]}.99", "unheard_of": 1}
    assert KINDS[kind].from_json(json.dumps(data), "minor.json").schema_.endswith(".99")


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(CorruptFileError, match=r"expected 'ee-floods/card/1\.0'"):
        ModelCard.read(GOLDEN / "report.json")


def test_a_missing_key_is_named() -> None:
    data = json.loads((GOLDEN / "card.json").read_text())
    del data["training"]["seed"]
    with pytest.raises(CorruptFileError, match=r"card\.json: `training\.seed`"):
        ModelCard.from_json(json.dumps(data), "card.json")


def test_text_that_is_no_json_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="not JSON"):
        RunReport.from_json("{", "report.json")
    with pytest.raises(InputError, match="no file"):
        RunReport.read(tmp_path / "nothing.json")


def test_the_schema_stands_first_in_the_file() -> None:
    report = RunReport(simulated=True, steps=(), peak_memory_mib=1.0, pairs=(), metrics={}, outputs={})
    assert next(iter(json.loads(report.to_json()).items())) == ("schema", schema_name("report"))


def test_a_manifest_with_a_chip_of_no_pair_is_refused() -> None:
    data = json.loads((GOLDEN / "dataset.json").read_text())
    data["chips"][0]["pair"] = "elsewhere"
    with pytest.raises(CorruptFileError, match="chips of no pair"):
        DatasetManifest.from_json(json.dumps(data), "dataset.json")
