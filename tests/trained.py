"""Writes an untrained network with a card, as a training run would have left it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ee_floods.contracts.card import ModelCard, TrainingRecord


def write_model(folder: Path, bands: Sequence[str] = ("VV", "VH"), *, seed: int = 0, **card: Any) -> Path:
    """Write `model.keras` and `model.json`; `card` overrides fields of the card."""
    from ee_floods.data.normalisation import scaling_of
    from ee_floods.models.deeplab.segmenter import DeepLabV3Plus
    from ee_floods.models.keras_backend import keras
    from ee_floods.models.keras_file import save_model

    keras.utils.set_random_seed(seed)
    model = DeepLabV3Plus(bands, "tiny")
    path = folder / "model.keras"
    digest = save_model(model, path)
    record = TrainingRecord(
        role="student", dataset="none", dataset_sha256="", chips={}, seed=seed, steps=0, batch_size=1
    )
    fields: dict[str, Any] = {
        "name": "model",
        "architecture": "tiny",
        "parameters": model.count_params(),
        "bands": tuple(bands),
        "scaling": scaling_of(bands),
        "scale_m": 10,
        "training": record,
        "simulated": True,
        "model_sha256": digest,
        "code_version": "0",
    }
    ModelCard(**{**fields, **card}).write(folder / "model.json")
    return path
