"""The report of a search for pairs: what was left out, by which rule, and by how much."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ee_floods.catalog.event import FloodEvent
from ee_floods.config.pairing import PairingRule
from ee_floods.contracts.schema import schema_name
from ee_floods.errors import NoScenesError
from ee_floods.query.decision import Decision, Rejection

__all__ = ["PairReport", "empty_result"]

_LOOSEN = {
    "cloud": "Raise `max_cloud`.",
    "no_cloud_score": "Wait until Cloud Score+ has been made for these scenes.",
    "orbit": 'Use `orbit="any"`.',
    "overlap": "Lower `min_overlap`, or give smaller bounds.",
    "polarisation": "Chips need VV and VH: look at another date.",
    "relative_orbit": "Leave out `relative_orbit`.",
}
"""What to change, by the rule that missed."""


@dataclass(frozen=True)
class PairReport:
    """What a search saw and left out.

    Args:
        event_id: Id of the event.
        window: `[start, end)` in which scenes were looked for, UTC.
        s1_scenes: Sentinel-1 scenes seen.
        s2_scenes: Sentinel-2 tiles seen.
        pairs: Pairs found.
        rejections: Every scene that is in no pair, once, in order of time.
    """

    event_id: str
    window: tuple[datetime, datetime]
    s1_scenes: int
    s2_scenes: int
    pairs: int
    rejections: tuple[Rejection, ...]

    def counts(self) -> dict[str, int]:
        """Return scenes left out by rule, most first."""
        total: Counter[str] = Counter()
        for item in self.rejections:
            total[item.rule] += len(item.scene_ids)
        return dict(total.most_common())

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a table: one row per scene left out, with sensor, scene, time, rule, value, limit, unit."""
        return [
            {
                "sensor": item.sensor,
                "scene": scene.rsplit("/", 1)[-1],
                "time": item.time.isoformat(timespec="minutes"),
                "rule": item.rule,
                "value": round(item.value, 3) if isinstance(item.value, float) else item.value,
                "limit": item.limit,
                "unit": item.unit,
            }
            for item in self.rejections
            for scene in item.scene_ids
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form with `schema`."""
        return {
            "schema": schema_name("pairs"),
            "event_id": self.event_id,
            "window": [time.isoformat() for time in self.window],
            "scenes": {"Sentinel-1": self.s1_scenes, "Sentinel-2": self.s2_scenes},
            "found": self.pairs,
            "left_out": self.counts(),
            "rejections": [item.to_dict() for item in self.rejections],
        }

    def __str__(self) -> str:
        reasons = ", ".join(f"{rule} {count}" for rule, count in self.counts().items()) or "nothing"
        return (
            f"{self.event_id}: {self.pairs} pair(s) from {self.s1_scenes} Sentinel-1 and {self.s2_scenes} "
            f"Sentinel-2 scenes; left out: {reasons}"
        )


def empty_result(
    event: FloodEvent, rule: PairingRule, report: PairReport, decision: Decision
) -> NoScenesError:
    """Return the error of a search without a pair: the filter that emptied it, and how far it missed."""
    start, end = report.window
    where = f"event {event.id!r} from {start:%Y-%m-%d} to {end:%Y-%m-%d}"
    for sensor, seen in (("Sentinel-1", report.s1_scenes), ("Sentinel-2", report.s2_scenes)):
        if seen == 0:
            return NoScenesError(
                f"No {sensor} scene touches {where}.",
                remedy="Widen `days_before` and `days_after`, or check the event's dates and bounds.",
            )
    for sensor, left in (("Sentinel-1", decision.radar_passes), ("Sentinel-2", decision.optical_passes)):
        if left == 0:
            return _all_rejected(sensor, where, [r for r in report.rejections if r.sensor == sensor])
    if decision.best_overlap is None:
        return NoScenesError(
            f"No pair for {where}: the nearest Sentinel-2 is {decision.least_hours:.1f} h away from a "
            f"Sentinel-1, limit {rule.max_hours:g} h.",
            remedy=f"Use `max_hours={math.ceil(decision.least_hours)}`, if water stands still for that long.",
        )
    return NoScenesError(
        f"No pair for {where}: the best overlap of two passes is {decision.best_overlap:.2f}, limit "
        f"{rule.min_overlap:g}.",
        remedy=_LOOSEN["overlap"],
    )


def _all_rejected(sensor: str, where: str, rejections: Sequence[Rejection]) -> NoScenesError:
    counts: Counter[str] = Counter()
    for item in rejections:
        counts[item.rule] += len(item.scene_ids)
    parts = []
    for name, count in counts.most_common():
        nearest = min((r for r in rejections if r.rule == name), key=lambda r: r.miss)
        parts.append(f"{name} {count}{_nearest(nearest)}")
    main = counts.most_common(1)[0][0]
    return NoScenesError(
        f"All {counts.total()} {sensor} scenes of {where} were rejected: {', '.join(parts)}.",
        remedy=_LOOSEN.get(main, "Look at another date or other bounds."),
    )


def _nearest(item: Rejection) -> str:
    if item.value is None:
        return ""
    value = f"{item.value:.2f}" if isinstance(item.value, float) else item.value
    limit = f", limit {item.limit:g}" if isinstance(item.limit, int | float) else f", wanted {item.limit}"
    return f" (nearest {value}{limit if item.limit is not None else ''})"
