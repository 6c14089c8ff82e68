"""Train one model as a run file asks for it; a run whose result is already there is not run again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ee_floods import __version__
from ee_floods.contracts.card import ModelCard
from ee_floods.errors import ConfigError
from ee_floods.workflows.watch import Watch

if TYPE_CHECKING:
    from ee_floods.config.runs import TrainingRun
    from ee_floods.data.tfrecords import ChipDataset
    from ee_floods.training.trained import TrainedModel

__all__ = ["TrainRole", "train"]

TrainRole = Literal["teacher", "student", "supervised"]
_Kind = Literal["teacher", "student", "supervised", "weak_label"]


def train(
    role: TrainRole, run: TrainingRun, *, overwrite: bool = False, watch: Watch | None = None
) -> TrainedModel:
    """Train a model, or return the one that the same run left earlier.

    Args:
        role: `teacher`, `student` or `supervised`.
        run: Data set, settings, output; paths as they are from here.
        overwrite: Whether the model of another run may be replaced.
        watch: Told of progress.

    Raises:
        ConfigError: If a student has no teacher, or another run's model is in the way.
        InputError: If the data set does not fit.
    """
    from ee_floods.data.tfrecords import ChipDataset
    from ee_floods.training.trained import TrainedModel

    seen = watch or Watch()
    kind: _Kind = "weak_label" if role == "supervised" and run.label != "label" else role
    dataset = ChipDataset.open(run.dataset)
    key = _key(kind, run)
    stamp = run.output.with_suffix(".run.json")
    with seen.step(f"train {kind.replace('_', '-')}"):
        card = _finished(run.output, stamp, key)
        if card is not None:
            seen.say("already trained")
            return TrainedModel(run.output, card)
        if run.output.exists() and not overwrite:
            raise ConfigError(
                f"`output` {run.output} holds the model of another run (other settings, data or code).",
                remedy="Give another `output`, or move it away.",
            )
        run.output.parent.mkdir(parents=True, exist_ok=True)
        model = _train(kind, run, dataset, seen)
        stamp.write_text(json.dumps({"run": key, "model_sha256": model.card.model_sha256}) + "\n")
        scores = [value for name, value in model.card.metrics.items() if "iou" in name and value is not None]
        seen.say(f"validation IoU {scores[0]:.3f}" if scores else "")
    return model


def _train(kind: _Kind, run: TrainingRun, dataset: ChipDataset, seen: Watch) -> TrainedModel:
    from ee_floods.training.distillation import train_student
    from ee_floods.training.supervised import train_supervised

    def progress(step: int, total: int, losses: dict[str, float]) -> None:
        seen.advance(step, total, f"loss {losses['loss']:.3f}" if "loss" in losses else "")

    if kind == "student":
        if run.teacher is None:
            raise ConfigError("A student needs `teacher`, the path of a teacher's .keras file.")
        return train_student(dataset, run.teacher, config=run.training, out=run.output, progress=progress)
    return train_supervised(
        dataset, role=kind, label_band=run.label, config=run.training, out=run.output, progress=progress
    )


def _key(kind: str, run: TrainingRun) -> str:
    """What decides a run's result: role, settings, data, teacher and code."""
    manifest = run.dataset if run.dataset.suffix == ".json" else run.dataset / "dataset.json"
    parts = {
        "kind": kind,
        "label": run.label,
        "training": run.training.model_dump(mode="json"),
        "dataset": hashlib.sha256(manifest.read_bytes()).hexdigest(),
        "teacher": hashlib.sha256(run.teacher.read_bytes()).hexdigest() if run.teacher else "",
        "code": __version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _finished(output: Path, stamp: Path, key: str) -> ModelCard | None:
    if not (output.is_file() and stamp.is_file()):
        return None
    saved = json.loads(stamp.read_text(encoding="utf-8"))
    whole = hashlib.sha256(output.read_bytes()).hexdigest() == saved.get("model_sha256")
    return ModelCard.read(output.with_suffix(".json")) if saved.get("run") == key and whole else None
