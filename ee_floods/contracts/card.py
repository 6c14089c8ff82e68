"""The model card: the JSON beside every `.keras` file that says what the model eats and how good it is."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ee_floods.contracts.document import Document, Part

__all__ = ["BandScaling", "ModelCard", "TrainingRecord"]


class BandScaling(Part):
    """How one input band is clipped and scaled inside the model: `low..high` of its unit becomes 0..1."""

    band: str
    unit: str
    low: float
    high: float


class TrainingRecord(Part):
    """Where a model comes from."""

    role: str
    """`teacher`, `student`, `supervised` or `weak_label`."""
    dataset: str
    dataset_sha256: str
    chips: dict[str, int]
    """Chips used by purpose, such as `{"hand": 40, "unlabelled": 120, "validation": 12}`."""
    seed: int
    steps: int
    batch_size: int
    settings: dict[str, Any] = Field(default_factory=dict)


class ModelCard(Document):
    """A model's card."""

    kind: ClassVar[str] = "card"

    name: str
    architecture: str
    parameters: int
    bands: tuple[str, ...]
    """Input bands in order; the model takes `(N, H, W, len(bands))` in the bands' own units, NaN allowed."""
    scaling: tuple[BandScaling, ...]
    scale_m: float
    threshold: float = 0.5
    """Probability from which a pixel is water."""
    training: TrainingRecord
    metrics: dict[str, float | None] = Field(default_factory=dict)
    calibration: dict[str, float] = Field(default_factory=dict)
    calibrated_on: tuple[str, ...] = ()
    validated_on: tuple[str, ...] = ()
    """Data sets of real floods it was validated on; empty means not validated for operational use."""
    simulated: bool
    """Whether any training data was simulated."""
    model_sha256: str = ""
    code_version: str
    commit: str = ""
