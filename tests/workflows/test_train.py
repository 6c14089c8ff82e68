"""A run is known by what decides it: it is not run twice, and no other run's model is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from ee_floods.config.runs import TrainingRun
from ee_floods.config.training import TrainingConfig
from ee_floods.errors import ConfigError
from ee_floods.workflows.train import train
from tests.synthetic_chips import write_dataset

pytestmark = pytest.mark.tf

TINY = TrainingConfig(preset="tiny", steps=3, batch_size=2, crop=32, validate_every=3)


def test_the_same_run_is_not_run_again_and_another_does_not_replace_it(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data")
    run = TrainingRun(dataset=tmp_path / "data", output=tmp_path / "m" / "model.keras", training=TINY)
    first = train("supervised", run)
    stamp = run.output.stat().st_mtime_ns
    assert train("supervised", run).card == first.card
    assert run.output.stat().st_mtime_ns == stamp

    other = run.model_copy(update={"training": TINY.model_copy(update={"seed": 1})})
    with pytest.raises(ConfigError, match="holds the model of another run"):
        train("supervised", other)
    assert run.output.stat().st_mtime_ns == stamp
    assert train("supervised", other, overwrite=True).card.model_sha256 != first.card.model_sha256


def test_a_student_without_a_teacher_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data")
    run = TrainingRun(dataset=tmp_path / "data", output=tmp_path / "s.keras", training=TINY)
    with pytest.raises(ConfigError, match="`teacher`"):
        train("student", run)
