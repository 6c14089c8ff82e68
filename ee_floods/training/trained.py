"""What a training run leaves: a `.keras` file and its card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ee_floods import __version__
from ee_floods.config.training import TrainingConfig
from ee_floods.contracts.card import ModelCard, TrainingRecord
from ee_floods.data.normalisation import scaling_of
from ee_floods.data.tfrecords import ChipDataset
from ee_floods.models.deeplab.segmenter import DeepLabV3Plus
from ee_floods.models.keras_file import save_model
from ee_floods.training.loop import Validation

__all__ = ["TrainedModel", "build", "model_file", "write"]


@dataclass(frozen=True)
class TrainedModel:
    """A trained model on disk.

    Args:
        path: The `.keras` file; its card lies beside it with the suffix `.json`.
        card: The card.
    """

    path: Path
    card: ModelCard


def build(config: TrainingConfig, bands: tuple[str, ...]) -> DeepLabV3Plus:
    """Return the network of a configuration, with fresh weights."""
    return DeepLabV3Plus(
        bands,
        config.preset,
        output_stride=config.output_stride,
        decoder_strides=config.decoder_strides,
    )


def model_file(out: Path, role: str) -> Path:
    """Return where a model goes: `out` itself if it is a `.keras` file, else `<out>/<role>.keras`."""
    return out if out.suffix == ".keras" else out / f"{role}.keras"


def write(
    model: DeepLabV3Plus,
    out: Path,
    *,
    role: str,
    dataset: ChipDataset,
    config: TrainingConfig,
    chips: dict[str, int],
    validation: Validation,
    simulated: bool,
    settings: dict[str, Any] | None = None,
) -> TrainedModel:
    """Write a model and its card.

    Args:
        model: Trained.
        out: File or folder, see `model_file`.
        role: `teacher`, `student`, `supervised` or `weak_label`.
        dataset: What it was trained on.
        config: How.
        chips: Chips used, by purpose.
        validation: The state that was kept.
        simulated: Whether any training data was, that of a teacher included.
        settings: What else belongs into the record.
    """
    path = model_file(out, role)
    digest = save_model(model, path)
    card = ModelCard(
        name=path.stem,
        architecture=f"DeepLabV3+ {model.preset}, output stride {model.output_stride}, "
        f"decoder strides {', '.join(map(str, model.decoder_strides))}",
        parameters=model.count_params(),
        bands=model.bands,
        scaling=scaling_of(model.bands),
        scale_m=dataset.manifest.scale_m,
        training=TrainingRecord(
            role=role,
            dataset=dataset.manifest.name,
            dataset_sha256=dataset.sha256,
            chips=chips,
            seed=config.seed,
            steps=config.steps,
            batch_size=config.batch_size,
            settings={**config.model_dump(mode="json"), "kept_step": validation.step, **(settings or {})},
        ),
        metrics=validation.metrics,
        simulated=simulated,
        model_sha256=digest,
        code_version=__version__,
    )
    card.write(path.with_suffix(".json"))
    return TrainedModel(path, card)
