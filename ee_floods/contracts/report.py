"""The reports that commands write: `report.json` of a run, `evaluate --json`, and benchmark results."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ee_floods.contracts.document import Document, Part

__all__ = [
    "BenchmarkReport",
    "BenchmarkRow",
    "ChipScore",
    "EvaluationReport",
    "ModelScore",
    "PooledScore",
    "RunReport",
    "Step",
]


class Step(Part):
    """One step of a walk and how long it took."""

    name: str
    seconds: float


class ModelScore(Part):
    """Water IoU of one model on the test chips, 0..1; None where nothing could be scored."""

    pooled_iou: float | None
    mean_iou: float | None


class RunReport(Document):
    """`report.json`: what a walk did."""

    kind: ClassVar[str] = "report"

    simulated: bool
    steps: tuple[Step, ...]
    peak_memory_mib: float
    pairs: tuple[dict[str, Any], ...]
    metrics: dict[str, ModelScore]
    outputs: dict[str, str]
    """Files relative to the report's folder, and asset ids."""


class PooledScore(Part):
    """Scores over all valid pixels of all chips: counts in pixels, ratios 0..1."""

    iou: float | None
    iou_low: float | None
    iou_high: float | None
    precision: float | None
    recall: float | None
    tp: int
    fp: int
    fn: int
    tn: int


class ChipScore(Part):
    """Counts of one chip in pixels; null counts where it has no valid pixel."""

    chip: str
    event: str
    tp: int | None
    fp: int | None
    fn: int | None
    tn: int | None
    iou: float | None
    scored: bool
    unobserved_water: int = 0
    """Water pixels of the label without radar, left out under `exclude`."""


class EvaluationReport(Document):
    """`evaluate --json`."""

    kind: ClassVar[str] = "evaluation"

    model: str
    scale_m: float
    nan_policy: str
    pooled: PooledScore
    mean_iou: float | None
    chips: tuple[ChipScore, ...]


class BenchmarkRow(Part):
    """One measured figure beside its target and a peer's."""

    name: str
    value: float | str | None
    unit: str
    target: float | str | None = None
    met: bool | None = None
    spread: tuple[float, float] | None = None
    peer: str | None = None
    note: str = ""


class BenchmarkReport(Document):
    """`benchmarks/results/NAME.json`."""

    kind: ClassVar[str] = "benchmark"

    machine: dict[str, Any] = Field(default_factory=dict)
    commit: str
    command: str
    rows: tuple[BenchmarkRow, ...]
