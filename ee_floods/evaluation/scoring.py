"""Score a predictor on labelled chips, with what was not observed counted or left out by a stated rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.report import ChipScore, EvaluationReport, ModelScore, PooledScore
from ee_floods.errors import InputError, ModelMismatchError
from ee_floods.metrics.bootstrap import pooled_iou_interval
from ee_floods.metrics.confusion import Counts, confusion, mean_iou, pooled
from ee_floods.models.predictor import Predictor

__all__ = ["NanPolicy", "Scorable", "evaluate_chips", "model_score"]

NanPolicy = Literal["dry", "exclude"]
"""`dry`: unobserved pixels count as dry, as published; `exclude`: they are left out and counted."""


class Scorable(Protocol):
    """What can be scored: bands by name and a label of -1, 0, 1 on the same pixels."""

    @property
    def chip(self) -> str: ...  # noqa: D102
    @property
    def event(self) -> str: ...  # noqa: D102
    @property
    def bands(self) -> Mapping[str, NDArray[np.float32]]: ...  # noqa: D102
    @property
    def label(self) -> NDArray[np.int8]: ...  # noqa: D102


@dataclass(frozen=True)
class ScoredChip:
    """A chip's counts and its water pixels that the model could not see."""

    chip: str
    event: str
    counts: Counts
    unobserved_water: int

    @property
    def scored(self) -> bool:
        """Whether any pixel was valid."""
        return self.counts.total > 0


def evaluate_chips(
    predictor: Predictor,
    chips: Iterable[Scorable],
    *,
    nan_policy: NanPolicy = "exclude",
    scale_m: float = 10.0,
    progress: Callable[[str], None] | None = None,
) -> EvaluationReport:
    """Return the report of a predictor on chips, read one at a time.

    Args:
        predictor: Any model.
        chips: Labelled chips.
        nan_policy: What becomes of pixels that the model cannot see.
        scale_m: Pixel size of the chips in m, for the report.
        progress: Called with each chip's name when it is scored.

    Raises:
        InputError: If there is no chip.
        ModelMismatchError: If a chip lacks a band that the model needs.
    """
    scored = []
    for chip in chips:
        scored.append(_score(predictor, chip, nan_policy))
        if progress:
            progress(chip.chip)
    if not scored:
        raise InputError("There is no chip to score.", remedy="Widen `--chips` or `--split`.")
    counts = [item.counts for item in scored if item.scored]
    total = pooled(counts)
    low, high = pooled_iou_interval(counts)
    return EvaluationReport(
        model=predictor.name,
        scale_m=scale_m,
        nan_policy=nan_policy,
        pooled=PooledScore(
            iou=total.iou,
            iou_low=low,
            iou_high=high,
            precision=total.precision,
            recall=total.recall,
            tp=total.tp,
            fp=total.fp,
            fn=total.fn,
            tn=total.tn,
        ),
        mean_iou=mean_iou(counts),
        chips=tuple(_row(item) for item in scored),
    )


def model_score(report: EvaluationReport) -> ModelScore:
    """Return the two figures of a report that a run's `report.json` holds."""
    return ModelScore(pooled_iou=report.pooled.iou, mean_iou=report.mean_iou)


def _score(predictor: Predictor, chip: Scorable, nan_policy: NanPolicy) -> ScoredChip:
    missing = [band for band in predictor.bands if band not in chip.bands]
    if missing:
        raise ModelMismatchError(
            f"Chip {chip.chip} lacks the band(s) {', '.join(missing)} that {predictor.name} needs.",
            remedy=f"The chip has {', '.join(chip.bands)}.",
        )
    probability = predictor.probability({band: chip.bands[band] for band in predictor.bands})
    unseen = np.isnan(probability)
    # NaN compares false, so an unobserved pixel is "dry" unless the policy takes it out of the label.
    water = probability >= predictor.threshold
    label = np.where(unseen, -1, chip.label) if nan_policy == "exclude" else chip.label
    hidden = int(np.count_nonzero(unseen & (chip.label == 1)))
    return ScoredChip(chip.chip, chip.event, confusion(water, label), hidden)


def _row(item: ScoredChip) -> ChipScore:
    c = item.counts
    known = item.scored
    return ChipScore(
        chip=item.chip,
        event=item.event,
        tp=c.tp if known else None,
        fp=c.fp if known else None,
        fn=c.fn if known else None,
        tn=c.tn if known else None,
        iou=c.iou,
        scored=known,
        unobserved_water=item.unobserved_water,
    )
