"""`ee-floods evaluate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ee_floods.cli.console import emit, progress, show, table

if TYPE_CHECKING:
    from ee_floods.contracts.report import EvaluationReport

__all__ = ["add_to"]


class _Nan(StrEnum):
    dry = "dry"
    exclude = "exclude"


class _Scale(StrEnum):
    ten = "10"
    sixteen = "16"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(evaluate)


def evaluate(
    model: Annotated[str, typer.Argument(help="baseline:otsu, baseline:vh-threshold[=DB], FILE.keras")],
    sen1floods11: Annotated[Path, typer.Option(help="Folder with S1Hand/ and LabelHand/.")],
    chips: Annotated[str | None, typer.Option(help="Names of chips, separated by commas.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Official split: train, validation, test, bolivia.")
    ] = None,
    scale: Annotated[_Scale, typer.Option(help="Pixel size in m.")] = _Scale.ten,
    nan: Annotated[
        _Nan, typer.Option(help="Unobserved pixels: left out, or dry as in published counts.")
    ] = _Nan.exclude,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Score a model on hand-labelled Sen1Floods11 chips."""
    from ee_floods.workflows.evaluate import evaluate_sen1floods11

    names = [name.strip() for name in chips.split(",") if name.strip()] if chips else None
    with progress() as bars:
        task = bars.add_task("chips", total=None)
        report = evaluate_sen1floods11(
            model,
            sen1floods11,
            chips=names,
            split=split,
            scale_m=float(scale.value),
            nan_policy=nan.value,
            progress=lambda _, total: bars.update(task, advance=1, total=total),
        )
    if json:
        emit(report)
    else:
        _print(report)


def _print(report: EvaluationReport) -> None:
    pooled = report.pooled
    rows = [
        [c.chip, *(_count(v) for v in (c.tp, c.fp, c.fn, c.tn)), _ratio(c.iou) if c.scored else "not scored"]
        for c in report.chips
    ]
    columns = [("chip", "left"), *((name, "right") for name in ("TP", "FP", "FN", "TN", "water IoU"))]
    show(table(f"{report.model} at {report.scale_m:g} m, unobserved: {report.nan_policy}", columns, rows))
    interval = ""
    if pooled.iou_low is not None and pooled.iou_high is not None:
        interval = f" (95 % bootstrap over chips {pooled.iou_low:.3f} to {pooled.iou_high:.3f})"
    show(
        f"pooled water IoU {_ratio(pooled.iou)}{interval}; precision {_ratio(pooled.precision)}, "
        f"recall {_ratio(pooled.recall)}\nmean IoU of chips with water {_ratio(report.mean_iou)}"
    )
    hidden = sum(chip.unobserved_water for chip in report.chips)
    if hidden:
        what = "left out" if report.nan_policy == "exclude" else "counted as dry, so missed"
        show(f"water pixels that the radar did not observe: {hidden:,} ({what})")


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
