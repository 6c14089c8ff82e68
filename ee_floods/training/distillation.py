"""Cross-modal distillation: a frozen teacher that sees both sensors trains a student that sees radar alone.

Garg et al., Cross-modal distillation for flood extent mapping, Environmental Data Science 2 (2023), e37,
figure 7: the student learns from hand-labelled chips and, through the teacher's soft labels, from all pairs.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.config.training import STUDENT_BANDS, TrainingConfig
from ee_floods.contracts.chip import S2_BANDS
from ee_floods.contracts.dataset import ChipRecord
from ee_floods.data.batches import Group, batches
from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import InputError
from ee_floods.models.keras_model import KerasPredictor
from ee_floods.training.determinism import deterministic
from ee_floods.training.examples import check_bands, labelled_chips, radar_seen, split_chips
from ee_floods.training.loop import Progress, fit
from ee_floods.training.losses import distillation, masked_cross_entropy
from ee_floods.training.supervised import validation_examples
from ee_floods.training.trained import TrainedModel, build, write

__all__ = ["train_student"]

logger = logging.getLogger(__name__)

Array = NDArray[np.float32]
_LABEL, _TEACHER, _SEEN = 0, 1, 2
"""Channels of the targets: hand label (-1, 0, 1), the teacher's logit, 1 where the teacher sees."""


def train_student(
    dataset: ChipDataset,
    teacher: TrainedModel | Path,
    *,
    config: TrainingConfig | None = None,
    out: Path,
    progress: Progress | None = None,
) -> TrainedModel:
    """Train a student on hand labels and on a frozen teacher's soft labels.

    The soft labels are computed once, on whole chips: the teacher then sees more context than in a crop, and
    the student's crop and its soft label share one augmentation. Where the teacher cannot see (Sentinel-2
    masked, or `cloud_score` below `config.min_cloud_score`), it does not teach; hand labels count everywhere.

    Args:
        dataset: Chips with splits `train` and `validation`; those with a valid `label` are hand-labelled.
        teacher: A trained teacher, or its `.keras` file.
        config: Settings; the defaults suit a laptop.
        out: A `.keras` file, or a folder that gets `student.keras`.
        progress: Told of every step.

    Raises:
        InputError: If the data set lacks a band, has no training chip, or the teacher sees nothing in it and
            there is no hand label.
        ModelMismatchError: If the teacher does not fit its card.
    """
    config = config or TrainingConfig()
    bands = config.bands or STUDENT_BANDS
    predictor = KerasPredictor.load(teacher.path if isinstance(teacher, TrainedModel) else teacher)
    check_bands(dataset, (*bands, *predictor.bands, "label"))
    chips = split_chips(dataset, "train")
    inputs, targets = _load(dataset, chips, bands, predictor, config)
    groups = _groups(chips, targets, config)
    validation = validation_examples(dataset, bands)
    weight = config.distillation_weight

    def loss(packed: Any, logits: Any) -> Any:
        hand = masked_cross_entropy(
            packed[..., _LABEL : _LABEL + 1], logits, water_weight=config.class_weight
        )
        soft = distillation(
            packed[..., _TEACHER : _TEACHER + 1],
            logits,
            packed[..., _SEEN : _SEEN + 1],
            temperature=config.temperature,
        )
        return (1 - weight) * hand + weight * soft

    with deterministic(config.seed):
        model = build(config, bands)
        stream = batches(
            inputs,
            targets,
            groups,
            batch_size=config.batch_size,
            crop=config.crop,
            augment=config.augment,
            seed=config.seed,
        )
        best = fit(model, stream, loss, config, validation, progress)
    return write(
        model,
        out,
        role="student",
        dataset=dataset,
        config=config,
        chips={
            "hand": len(groups[0].chips),
            "unlabelled": len(groups[1].chips),
            "validation": 0 if validation is None else len(validation.labels),
        },
        validation=best,
        simulated=dataset.manifest.simulated or predictor.card.simulated,
        settings={
            "teacher_sha256": predictor.card.model_sha256,
            "teacher_sees": round(float(targets[..., _SEEN].mean()), 4),
        },
    )


def _groups(chips: Sequence[ChipRecord], targets: Array, config: TrainingConfig) -> tuple[Group, Group]:
    """Return hand-labelled chips, and the others of which the teacher sees at least one pixel."""
    hand_ids = {chip.id for chip in labelled_chips(chips, "label")}
    seen = targets[..., _SEEN].max(axis=(1, 2)) > 0
    hand = tuple(place for place, chip in enumerate(chips) if chip.id in hand_ids)
    others = tuple(place for place, chip in enumerate(chips) if chip.id not in hand_ids and seen[place])
    blind = len(chips) - len(hand) - len(others)
    if blind:
        logger.info("%d chips without a hand label are left out: the teacher sees nothing in them", blind)
    if not hand and not others:
        raise InputError(
            "There is nothing to learn from: no training chip has a hand label, and the teacher sees none.",
            remedy="Lower `min_cloud_score`, or choose pairs with fewer clouds.",
        )
    return Group(hand, config.hand_share), Group(others, 1 - config.hand_share)


def _load(
    dataset: ChipDataset,
    chips: Sequence[ChipRecord],
    bands: tuple[str, ...],
    teacher: KerasPredictor,
    config: TrainingConfig,
) -> tuple[Array, Array]:
    """Return the student's inputs `(N, H, W, C)` and packed targets `(N, H, W, 3)`."""
    side = dataset.manifest.patch
    inputs = np.empty((len(chips), side, side, len(bands)), np.float32)
    targets = np.zeros((len(chips), side, side, 3), np.float32)
    cloud = ("cloud_score",) if "cloud_score" in dataset.manifest.bands else ()
    wanted = tuple(dict.fromkeys((*bands, *teacher.bands, *cloud, "label")))
    places: list[int] = []
    waiting: list[Array] = []

    def teach() -> None:
        # A full batch every time: the graph is traced for one shape.
        full = [*waiting, *[waiting[0]] * (config.batch_size - len(waiting))]
        logits = teacher.logits(np.stack(full))[: len(waiting), ..., 0]
        targets[places, ..., _TEACHER] = logits
        places.clear()
        waiting.clear()

    for place, chip in dataset.stream(chips, wanted):
        inputs[place] = np.stack([chip[band] for band in bands], axis=-1)
        seen_by_teacher = np.stack([chip[band] for band in teacher.bands], axis=-1).astype(np.float32)
        radar = radar_seen(inputs[place], bands)
        targets[place, ..., _LABEL] = np.where(radar, chip["label"], -1)
        optical = [i for i, band in enumerate(teacher.bands) if band in S2_BANDS]
        seen = radar & ~np.isnan(seen_by_teacher[..., optical]).any(axis=-1)
        if cloud:
            score = np.asarray(chip["cloud_score"], np.float32)
            seen &= np.nan_to_num(score, nan=0.0) >= config.min_cloud_score
        targets[place, ..., _SEEN] = seen
        places.append(place)
        waiting.append(seen_by_teacher)
        if len(waiting) == config.batch_size:
            teach()
    if waiting:
        teach()
    return inputs, targets
