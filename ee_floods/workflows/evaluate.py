"""Evaluate a model on a folder of Sen1Floods11 chips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ee_floods.contracts.chip import S1_BANDS
from ee_floods.contracts.report import EvaluationReport
from ee_floods.errors import InputError, ModelMismatchError
from ee_floods.evaluation.scoring import NanPolicy

__all__ = ["evaluate_sen1floods11"]


def evaluate_sen1floods11(
    model: str,
    folder: Path,
    *,
    chips: Sequence[str] | None = None,
    split: str | None = None,
    scale_m: float = 10.0,
    nan_policy: NanPolicy = "exclude",
    progress: Callable[[str, int], None] | None = None,
) -> EvaluationReport:
    """Return the report of a model on hand-labelled chips.

    Args:
        model: A model's name, see `models.registry`.
        folder: Holds `S1Hand/` and `LabelHand/`; chips without a label are left out unless named.
        chips: Names of chips; None for all that have a label.
        split: Official split.
        scale_m: 10, or 16 as in the paper.
        nan_policy: `exclude` leaves out what the radar did not observe, `dry` is the published convention.
        progress: Called with each chip's name and the number of chips.

    Raises:
        InputError: If the folder or a chip does not fit.
        ModelMismatchError: If the model is unknown, or made for another scale.
    """
    from ee_floods.catalog.sen1floods11 import open_index
    from ee_floods.data.resample import at_scale
    from ee_floods.data.sen1floods11 import LabelledChip, read_chip
    from ee_floods.evaluation.scoring import evaluate_chips
    from ee_floods.models.registry import open_predictor

    predictor = open_predictor(model)
    if predictor.card is not None and predictor.card.scale_m != scale_m:
        raise ModelMismatchError(
            f"{model} was trained at {predictor.card.scale_m:g} m, `scale` is {scale_m:g} m.",
            remedy=f"Add `--scale {predictor.card.scale_m:g}`.",
        )
    files = open_index(folder).select(chips=chips, split=split)
    if not chips:
        files = tuple(item for item in files if "LabelHand" in item.layers)
        if not files:
            where = f"{folder}" if split is None else f"{folder} in split {split!r}"
            raise InputError(f"No chip of {where} has a label.", remedy="Put LabelHand/ beside S1Hand/.")
    optical = any(band not in S1_BANDS for band in predictor.bands)

    def read() -> Iterator[LabelledChip]:
        for item in files:
            yield at_scale(read_chip(item, optical=optical), scale_m)

    report = (lambda chip: progress(chip, len(files))) if progress else None
    return evaluate_chips(predictor, read(), nan_policy=nan_policy, scale_m=scale_m, progress=report)
