"""`ee-floods quickstart` and `ee-floods doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ee_floods.cli.console import emit, note, show, table
from ee_floods.cli.listener import terminal_listener
from ee_floods.cli.options import Json

if TYPE_CHECKING:
    from ee_floods.contracts.report import RunReport

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(quickstart)
    app.command()(doctor)


def quickstart(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")] = Path("quickstart"),
    json: Json = False,
) -> None:
    """Do the main job on the local engine, start to finish, with SIMULATED data."""
    from ee_floods.workflows.quickstart import run_quickstart

    if not json:
        note(
            "The local engine answers in Earth Engine's place; its world, and so every result, is SIMULATED."
        )
    with terminal_listener() as listener:
        report = run_quickstart(out, listener=listener)
    if json:
        emit(report)
    else:
        _print(report, out)


_ROWS = {
    "vh_threshold": "VH < -23.6 dB",
    "otsu": "Otsu on VH",
    "weak_label": "network on weak labels (S1)",
    "supervised": "network on hand labels (S1)",
    "student": "student, distilled (S1)",
    "teacher": "teacher (S1 + S2)",
}


def _print(report: RunReport, out: Path) -> None:
    rows = []
    for key, label in _ROWS.items():
        score = report.metrics[key]
        rows.append([label, *("-" if v is None else f"{v:.3f}" for v in (score.pooled_iou, score.mean_iou))])
    columns = [("model", "left"), ("pooled water IoU", "right"), ("mean of chips", "right")]
    show(table("Test chips, two floods that no network has seen (SIMULATED)", columns, rows))
    seconds = sum(step.seconds for step in report.steps)
    show(f"{seconds:.0f} s, peak memory {report.peak_memory_mib / 1024:.1f} GiB (all processes)")
    for name in ("map", "picture", "flood"):
        show(f"{name:8} {out / report.outputs[name]}")
    show(f"asset    {report.outputs['asset']}")
    show(f"report   {out / 'report.json'}")


def doctor(json: Json = False) -> None:
    """Say what works here: versions, credentials, disk, GPU, settings and where each came from."""
    from ee_floods.workflows.doctor import examine

    findings = examine()
    if json:
        emit([finding.to_dict() for finding in findings])
        return
    marks = {"ok": "ok", "missing": "--", "problem": "!!"}
    rows = [[marks[f.state], f.subject, f.detail, f.remedy] for f in findings]
    show(
        table(
            "ee-floods doctor", [("", "left"), ("what", "left"), ("found", "left"), ("to do", "left")], rows
        )
    )
