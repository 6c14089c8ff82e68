from __future__ import annotations

from pathlib import Path

import pytest

from ee_floods.config.dataset import DatasetSpec, SplitSpec
from ee_floods.config.jobs import JobSpec
from ee_floods.config.quickstart import QuickstartSpec, default_quickstart
from ee_floods.config.runs import TrainingRun
from ee_floods.config.yaml import load_yaml, parse_yaml
from ee_floods.errors import ConfigError

JOBS = sorted((Path(__file__).parents[2] / "export_jobs").glob("*.yaml"))


@pytest.mark.parametrize("path", JOBS, ids=lambda p: p.name)
def test_every_job_that_is_shipped_reads(path: Path) -> None:
    assert load_yaml(path, JobSpec).dataset.events


def test_the_shipped_quickstart_reads_and_keeps_events_apart() -> None:
    spec = default_quickstart()
    splits = {event: spec.dataset.split.split_of(event) for event in spec.dataset.events}
    assert set(splits.values()) == {"train", "validation", "test"}
    assert splits[spec.mapped_event] == "test"
    assert all(splits[event] == "train" for event in spec.dataset.unlabelled)


def test_named_events_go_where_they_are_named_and_others_by_hash() -> None:
    split = SplitSpec(test=("a",), fractions={"train": 0.5, "validation": 0.5, "test": 0.0})
    assert split.split_of("a") == "test"
    drawn = {split.split_of(f"event-{i}") for i in range(50)}
    assert drawn == {"train", "validation"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("bands: [VV, VQ]", "unknown bands VQ"),
        ("events: [a, a]", "named twice"),
        ("patches: [0, 2]", "at least"),
        ("name: Big Name", "name"),
        ("scale: 12", "scale"),
        ("split: {train: [a], test: [a]}", "more than one split: a"),
        ("split: {fractions: {train: 0.5}}", "not 1"),
    ],
)
def test_a_specification_that_cannot_be_is_refused(change: str, message: str) -> None:
    key = change.split(":")[0]
    base = {"name": "name: x", "events": "events: [a]"} | {key: change}
    with pytest.raises(ConfigError, match=message):
        parse_yaml("\n".join(base.values()), DatasetSpec, "spec.yaml")


def test_a_mapped_event_of_another_split_is_refused() -> None:
    with pytest.raises(ConfigError, match="not of the test split"):
        parse_yaml(
            "dataset: {name: x, events: [a], split: {train: [a]}}\n"
            "mapped_event: a\nasset: projects/p/assets/a\n",
            QuickstartSpec,
            "q.yaml",
        )


def test_paths_of_a_run_are_relative_to_its_file(tmp_path: Path) -> None:
    run = TrainingRun(dataset=Path("data"), output=Path("m/student.keras"), teacher=Path("/t.keras"))
    moved = run.relative_to(tmp_path)
    assert moved.dataset == tmp_path / "data"
    assert moved.output == tmp_path / "m" / "student.keras"
    assert moved.teacher == Path("/t.keras")
