"""The flood product: bands, classes, colours and exclusion bits, the same in a file, an asset and a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any, ClassVar

from pydantic import Field, model_validator

from ee_floods.contracts.document import Document
from ee_floods.contracts.provenance import SIMULATED, Provenance

__all__ = [
    "BAND_NAMES",
    "CLASSES",
    "EXCLUSION_LABELS",
    "NODATA",
    "NOT_VALIDATED",
    "OVERVIEW_RESAMPLING",
    "PYRAMID_POLICY",
    "TERRAIN",
    "WATER_REFERENCE",
    "ClassSpec",
    "Exclusion",
    "FloodClass",
    "ProductProperties",
]

BAND_NAMES = ("flood", "water_probability", "exclusion")
NODATA: dict[str, int | None] = {"flood": 255, "water_probability": 255, "exclusion": None}
"""Value of "no data" by band; `exclusion` has none, because 0 says "nothing excluded"."""
PYRAMID_POLICY = {"flood": "MODE", "water_probability": "MEAN", "exclusion": "SAMPLE"}
OVERVIEW_RESAMPLING = {"flood": "mode", "water_probability": "average", "exclusion": "nearest"}


class FloodClass(IntEnum):
    """Values of the `flood` band."""

    DRY = 0
    PERMANENT_WATER = 1
    SEASONAL_WATER = 2
    FLOOD = 3
    WATER_NOT_SEPARATED = 4
    NOT_OBSERVABLE = 254
    NO_DATA = 255


class Exclusion(IntFlag):
    """Bits of the `exclusion` band."""

    STEEP_OR_HIGH = 1
    SHADOW_OR_LAYOVER = 2
    URBAN = 4
    DENSE_VEGETATION = 8
    NO_RADAR = 16
    PERSISTENTLY_DARK = 32
    FROZEN = 64
    INCIDENCE_OUT_OF_RANGE = 128


@dataclass(frozen=True)
class ClassSpec:
    """How a class is named and drawn; `colour` is `#rrggbb`, or None where nothing is drawn."""

    value: FloodClass
    label: str
    colour: str | None


CLASSES: tuple[ClassSpec, ...] = (
    ClassSpec(FloodClass.DRY, "dry", "#f6dfc3"),  # the paper's peach for dry land
    ClassSpec(FloodClass.PERMANENT_WATER, "permanent water", "#08306b"),
    ClassSpec(FloodClass.SEASONAL_WATER, "seasonal water", "#4292c6"),
    ClassSpec(FloodClass.FLOOD, "flood", "#d7191c"),
    ClassSpec(FloodClass.WATER_NOT_SEPARATED, "water, flood not separated", "#7b3294"),
    ClassSpec(FloodClass.NOT_OBSERVABLE, "not observable", "#bdbdbd"),
    ClassSpec(FloodClass.NO_DATA, "no data", None),
)
"""Every class with its colour. Flood and water differ in lightness too, for readers who see no hue."""

EXCLUSION_LABELS: Mapping[Exclusion, str] = {
    Exclusion.STEEP_OR_HIGH: "steep or high above drainage",
    Exclusion.SHADOW_OR_LAYOVER: "radar shadow or layover",
    Exclusion.URBAN: "urban",
    Exclusion.DENSE_VEGETATION: "dense vegetation",
    Exclusion.NO_RADAR: "no radar",
    Exclusion.PERSISTENTLY_DARK: "persistently dark ground",
    Exclusion.FROZEN: "frozen",
    Exclusion.INCIDENCE_OUT_OF_RANGE: "incidence angle out of range",
}
"""How each exclusion is named to a reader; a product's `not_assessed` uses the same words."""

WATER_REFERENCE = "permanent and seasonal water"
"""In `not_assessed`: there was no reference water, so water is not separated into flood and normal water."""

TERRAIN = "terrain"
"""In `not_assessed`: there was no height above drainage, so steep or high ground is not excluded."""

NOT_VALIDATED = "not validated for operational use"
"""Printed on every map of a model whose `validated_on` is empty."""


class ProductProperties(Document):
    """What a flood product says about itself, in the file's tags and as properties of the asset."""

    kind: ClassVar[str] = "product"

    event: str = ""
    """Name of the event; begins with `SIMULATED` when anything behind the product is simulated."""
    scene_ids: tuple[str, ...] = ()
    """Sentinel-1 product ids, without path."""
    observed_at: str | None = None
    """When the radar looked, ISO 8601 in UTC; None if the input does not say."""
    model: str
    model_sha256: str = ""
    """Of the model file; empty for a rule that has no file."""
    runtime: str
    precision: str
    thresholds: dict[str, float] = Field(default_factory=dict)
    """Every threshold behind the classes by name, with the unit in it: `permanent_occurrence_percent`."""
    code_version: str
    not_assessed: tuple[str, ...] = ()
    """What could not be looked at, in the words of `EXCLUSION_LABELS`, `TERRAIN` and `WATER_REFERENCE`."""
    calibrated_on: tuple[str, ...] = ()
    validated_on: tuple[str, ...] = ()
    """Data sets of real floods the model was validated on."""
    notes: tuple[str, ...] = ()
    """What the reader of the input had to assume, in sentences."""
    provenance: dict[str, Any] = Field(default_factory=lambda: Provenance().to_dict())
    """`Provenance.to_dict()`."""
    simulated: bool = False

    @model_validator(mode="before")
    @classmethod
    def _mark(cls, data: Any) -> Any:
        # One simulated asset makes the product simulated, whatever the writer said.
        if isinstance(data, dict) and Provenance.from_dict(data.get("provenance") or {}).simulated:
            data = {**data, "simulated": True}
        if isinstance(data, dict) and data.get("simulated"):
            event = str(data.get("event") or "")
            if not event.startswith(SIMULATED):
                data = {**data, "event": f"{SIMULATED} {event}".strip()}
        return data

    @property
    def validation(self) -> str:
        """The sentence about validation that a reader sees."""
        return f"validated on {', '.join(self.validated_on)}" if self.validated_on else NOT_VALIDATED

    @property
    def sources(self) -> Provenance:
        """The provenance as an object."""
        return Provenance.from_dict(self.provenance)
