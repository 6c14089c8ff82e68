"""Training on labels: the teacher, and the baselines that the student is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from ee_floods.config.training import STUDENT_BANDS, TEACHER_BANDS, TrainingConfig
from ee_floods.data.batches import Group, batches
from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import InputError
from ee_floods.training.determinism import deterministic
from ee_floods.training.examples import Examples, check_bands, labelled_chips, load_examples, split_chips
from ee_floods.training.loop import Progress, fit
from ee_floods.training.losses import masked_cross_entropy
from ee_floods.training.trained import TrainedModel, build, write

__all__ = ["train_supervised", "validation_examples"]

Role = Literal["teacher", "supervised", "weak_label"]


def train_supervised(
    dataset: ChipDataset,
    *,
    role: Role,
    label_band: str = "label",
    config: TrainingConfig | None = None,
    out: Path,
    progress: Progress | None = None,
) -> TrainedModel:
    """Train a network on a label band of the training chips.

    The weights kept are the best on the *hand* labels of the validation chips, whatever the label band, so
    that rows of a comparison differ in what they learn from alone.

    Args:
        dataset: Chips with splits `train` and `validation`.
        role: `teacher` (by default both sensors), `supervised` or `weak_label` (by default radar alone).
        label_band: `label`, `weak_s2` or `weak_s1`.
        config: Settings; the defaults suit a laptop.
        out: A `.keras` file, or a folder that gets `<role>.keras`.
        progress: Told of every step.

    Raises:
        InputError: If the data set lacks a band, or no training chip has a valid label.
    """
    config = config or TrainingConfig()
    bands = config.bands or (TEACHER_BANDS if role == "teacher" else STUDENT_BANDS)
    check_bands(dataset, (*bands, label_band))
    chips = labelled_chips(split_chips(dataset, "train"), label_band)
    if not chips:
        raise InputError(
            f"No chip of the split 'train' in {dataset.folder} has a valid pixel in {label_band!r}.",
            remedy="Add a label source to the data set, or train on another label band.",
        )
    examples = load_examples(dataset, chips, bands, label_band)
    validation = validation_examples(dataset, bands)

    def loss(targets: Any, logits: Any) -> Any:
        return masked_cross_entropy(targets, logits, water_weight=config.class_weight)

    with deterministic(config.seed):
        model = build(config, bands)
        stream = batches(
            examples.inputs,
            examples.labels[..., None].astype(np.float32),
            [Group(tuple(range(len(chips))), 1.0)],
            batch_size=config.batch_size,
            crop=config.crop,
            augment=config.augment,
            seed=config.seed,
        )
        best = fit(model, stream, loss, config, validation, progress)
    return write(
        model,
        out,
        role=role,
        dataset=dataset,
        config=config,
        chips={label_band: len(chips), "validation": 0 if validation is None else len(validation.labels)},
        validation=best,
        simulated=dataset.manifest.simulated,
        settings={"label_band": label_band},
    )


def validation_examples(dataset: ChipDataset, bands: tuple[str, ...]) -> Examples | None:
    """Return the hand-labelled validation chips; None if there are none."""
    chips = labelled_chips(split_chips(dataset, "validation"), "label")
    return load_examples(dataset, chips, bands, "label") if chips else None
