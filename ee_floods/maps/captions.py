"""What stands beside a flood map, the same in a picture and in a page: legend, areas, facts, warnings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ee_floods.contracts.product import CLASSES, FloodClass, ProductProperties
from ee_floods.statistics.area import AreaReport

__all__ = ["LegendEntry", "area_text", "facts", "legend_entries", "not_assessed_text", "observed_text"]


@dataclass(frozen=True)
class LegendEntry:
    """A class that occurs in the product; `colour` is None where nothing is drawn."""

    value: FloodClass
    label: str
    colour: str | None
    km2: float


def legend_entries(report: AreaReport) -> tuple[LegendEntry, ...]:
    """Return the classes that occur, water first, because that is what the reader came for."""
    pixels = {item.value: item for item in report.classes if item.pixels}
    order = (
        FloodClass.FLOOD,
        FloodClass.WATER_NOT_SEPARATED,
        FloodClass.SEASONAL_WATER,
        FloodClass.PERMANENT_WATER,
        FloodClass.DRY,
        FloodClass.NOT_OBSERVABLE,
        FloodClass.NO_DATA,
    )
    specs = {spec.value: spec for spec in CLASSES}
    return tuple(
        LegendEntry(value, specs[value].label, specs[value].colour, pixels[value].km2)
        for value in order
        if value in pixels
    )


def area_text(km2: float) -> str:
    """Return km² with three significant digits, or whole: `0.0213`, `4.10`, `1,234`."""
    if km2 >= 99.95:
        return f"{km2:,.0f}"
    for digits, least in ((1, 9.995), (2, 0.9995), (3, 0.09995)):
        if km2 >= least:
            return f"{km2:.{digits}f}"
    return f"{km2:.4f}" if km2 else "0"


def observed_text(properties: ProductProperties) -> str:
    """Return the time of the radar's look for a reader, to the minute, UTC."""
    if properties.observed_at is None:
        return "time of observation unknown"
    moment = datetime.fromisoformat(properties.observed_at)
    return f"observed {moment:%Y-%m-%d %H:%M} UTC"


def not_assessed_text(properties: ProductProperties) -> str:
    """Return the sentence on what could not be assessed."""
    return "Not assessed: " + (", ".join(properties.not_assessed) or "nothing left out") + "."


def facts(properties: ProductProperties) -> tuple[tuple[str, str], ...]:
    """Return name and value of everything a reader may ask about a product's origin."""
    sources = properties.sources
    inputs = [f"{use.id}{' (simulated)' if use.simulated else ''}" for use in sources.assets]
    model = properties.model + (f", sha256 {properties.model_sha256[:12]}" if properties.model_sha256 else "")
    thresholds = ", ".join(
        f"{name.replace('_', ' ')} {value:g}" for name, value in sorted(properties.thresholds.items())
    )
    # The id of an asset ends with its scene's; a reader needs it once.
    scenes = [scene for scene in properties.scene_ids if not any(scene in use.id for use in sources.assets)]
    rows = [
        ("Model", model),
        ("Thresholds", thresholds),
        ("Calibrated on", ", ".join(properties.calibrated_on) or "nothing"),
        # Without validation the heading says so; it need not be said twice.
        ("Validated on", ", ".join(properties.validated_on)),
        ("Radar scenes", ", ".join(scenes)),
        ("Computed from", ", ".join([*inputs, *sources.files])),
        ("Notes", " ".join(properties.notes)),
        ("Made by", f"ee-floods {properties.code_version}, {properties.runtime}, {properties.precision}"),
    ]
    return tuple((name, value) for name, value in rows if value)
