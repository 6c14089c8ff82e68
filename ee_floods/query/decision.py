"""Which passes pair and which do not, and why: a pure function of metadata."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ee_floods.config.pairing import PairingRule
from ee_floods.methods.clouds import CloudCounts
from ee_floods.query.scenes import OpticalScene, RadarScene, ScenePass, group_passes, overlap_of

__all__ = ["Decision", "Match", "Rejection", "decide"]

Bounds = tuple[float, float, float, float]

_MODE = "IW"
_RESOLUTION_M = 10.0
_CLOUD_STEP = 0.1
"""Passes are ranked by cloud in steps of this share, so that a hair of cloud does not outweigh a day."""


@dataclass(frozen=True)
class Rejection:
    """Why scenes are in no pair.

    Args:
        sensor: `Sentinel-1` or `Sentinel-2`.
        scene_ids: Asset ids: one scene, or all of a pass.
        time: Of the first of them, UTC.
        rule: Name of the rule: `mode`, `resolution`, `polarisation`, `orbit`, `relative_orbit`, `no_data`,
            `no_cloud_score`, `cloud`, `overlap`, `hours_apart`, `no_partner`, `order` or `max_pairs`.
        value: What was found; None where there is nothing to measure.
        limit: What the rule asks for.
        unit: Of value and limit; empty for names.
    """

    sensor: str
    scene_ids: tuple[str, ...]
    time: datetime
    rule: str
    value: float | str | None
    limit: float | str | None
    unit: str = ""

    @property
    def miss(self) -> float:
        """How far the value is from the limit, in `unit`; infinite where they are not numbers."""
        if isinstance(self.value, int | float) and isinstance(self.limit, int | float):
            return abs(self.value - self.limit)
        return math.inf

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return {
            "sensor": self.sensor,
            "scene_ids": list(self.scene_ids),
            "time": self.time.isoformat(),
            "rule": self.rule,
            "value": self.value,
            "limit": self.limit,
            "unit": self.unit,
        }


@dataclass(frozen=True)
class Match:
    """One Sentinel-1 pass and one Sentinel-2 pass that pair.

    Args:
        radar: The Sentinel-1 pass.
        optical: The Sentinel-2 pass.
        hours_apart: Sentinel-1 minus Sentinel-2, h.
        overlap: Share of the region that both cover, 0..1.
        cloud: Cloudy share of the Sentinel-2 pass over the region, 0..1.
    """

    radar: ScenePass[RadarScene]
    optical: ScenePass[OpticalScene]
    hours_apart: float
    overlap: float
    cloud: float


@dataclass(frozen=True)
class Decision:
    """All pairs, best first, and why every other scene is in none.

    Args:
        matches: Pairs, in the rule's order.
        rejections: Each scene that is in no pair stands in exactly one of them.
        radar_passes: Sentinel-1 passes that no rule on single passes rejected.
        optical_passes: The same of Sentinel-2.
        least_hours: Hours between the nearest two of them; infinite if a side has none.
        best_overlap: Greatest overlap of two of them within the rule's hours; None if none are.
    """

    matches: tuple[Match, ...]
    rejections: tuple[Rejection, ...]
    radar_passes: int
    optical_passes: int
    least_hours: float
    best_overlap: float | None


def decide(
    radar_scenes: Iterable[RadarScene],
    optical_scenes: Iterable[OpticalScene],
    rule: PairingRule,
    bounds: Bounds,
    *,
    peak: datetime | None = None,
) -> Decision:
    """Return which scenes pair under a rule.

    Args:
        radar_scenes: Every Sentinel-1 scene in the window, whatever its mode.
        optical_scenes: Every Sentinel-2 tile in the window.
        rule: The rule.
        bounds: The region, `(west, south, east, north)` in degrees.
        peak: When water stood highest, for `order="peak"`.
    """
    rejections: list[Rejection] = []
    radar = _radar_passes(radar_scenes, rule, bounds, rejections)
    optical = _optical_passes(optical_scenes, rule, bounds, rejections)
    apart = [(r, o, _hours(r, o)) for r in radar for o in optical]
    near = [(r, o, hours) for r, o, hours in apart if abs(hours) <= rule.max_hours]
    candidates = [
        Match(r, o, hours, overlap_of((r.scenes, o.scenes), bounds), _counts(o).cloud) for r, o, hours in near
    ]
    fitting = [match for match in candidates if match.overlap >= rule.min_overlap]
    ranked = sorted(
        fitting, key=lambda match: (*_rank(match, rule, peak), match.radar.ids, match.optical.ids)
    )
    matches: list[Match] = []
    used: set[tuple[str, ...]] = set()
    for match in ranked:
        if match.radar.ids not in used and match.optical.ids not in used:
            matches.append(match)
            used |= {match.radar.ids, match.optical.ids}
    kept = matches[: rule.max_pairs]
    surplus: list[ScenePass[Any]] = [p for m in matches[len(kept) :] for p in (m.radar, m.optical)]
    passes: list[ScenePass[Any]] = [*radar, *optical]
    single = [p for p in passes if p.ids not in used]
    rejections += [_reject(p, "max_pairs", float(len(matches)), rule.max_pairs, "pairs") for p in surplus]
    rejections += [_loser(p, apart, candidates, rule) for p in single]
    ordered = sorted(rejections, key=lambda item: (item.time, item.sensor, item.scene_ids))
    return Decision(
        matches=tuple(kept),
        rejections=tuple(ordered),
        radar_passes=len(radar),
        optical_passes=len(optical),
        least_hours=min((abs(hours) for _, _, hours in apart), default=math.inf),
        best_overlap=max((match.overlap for match in candidates), default=None),
    )


def radar_passes(
    scenes: Iterable[RadarScene], rule: PairingRule, bounds: Bounds
) -> tuple[tuple[ScenePass[RadarScene], ...], tuple[Rejection, ...]]:
    """Return the Sentinel-1 passes that a rule admits without asking for Sentinel-2, and the scenes left out.

    Args:
        scenes: Every scene in the window, whatever its mode.
        rule: Its limits on mode, polarisation, orbit and overlap apply.
        bounds: The region, `(west, south, east, north)` in degrees.
    """
    rejections: list[Rejection] = []
    passes = _radar_passes(scenes, rule, bounds, rejections)
    return tuple(passes), tuple(rejections)


def _radar_passes(
    scenes: Iterable[RadarScene], rule: PairingRule, bounds: Bounds, rejections: list[Rejection]
) -> list[ScenePass[RadarScene]]:
    admitted = []
    for scene in scenes:
        fault = _radar_fault(scene, rule)
        if fault is None:
            admitted.append(scene)
        else:
            name, value, limit, unit = fault
            rejections.append(Rejection("Sentinel-1", (scene.id,), scene.time, name, value, limit, unit))
    passes = group_passes(
        admitted, lambda s: (s.platform, s.relative_orbit, s.direction), "Sentinel-1", bounds
    )
    return _covering(passes, rule, rejections)


_Fault = tuple[str, float | str | None, float | str | None, str]


def _radar_fault(scene: RadarScene, rule: PairingRule) -> _Fault | None:
    if scene.mode != _MODE:
        return "mode", scene.mode, _MODE, ""
    if rule.require_dual_pol and not {"VV", "VH"} <= set(scene.polarisations):
        return "polarisation", "+".join(scene.polarisations), "VV+VH", ""
    if scene.resolution_m != _RESOLUTION_M:
        return "resolution", scene.resolution_m, _RESOLUTION_M, "m"
    if rule.orbit not in ("any", scene.direction):
        return "orbit", scene.direction, rule.orbit, ""
    if rule.relative_orbit is not None and scene.relative_orbit != rule.relative_orbit:
        # Orbit numbers are names: 44 is no nearer to 45 than 144 is.
        return "relative_orbit", str(scene.relative_orbit), str(rule.relative_orbit), ""
    return None


def _optical_passes(
    scenes: Iterable[OpticalScene], rule: PairingRule, bounds: Bounds, rejections: list[Rejection]
) -> list[ScenePass[OpticalScene]]:
    admitted = []
    for scene in scenes:
        if scene.clouds.observed <= 0:
            rejections.append(
                Rejection("Sentinel-2", (scene.id,), scene.time, "no_data", 0.0, None, "pixels")
            )
        elif not scene.clouds.has_score:
            rejections.append(Rejection("Sentinel-2", (scene.id,), scene.time, "no_cloud_score", None, None))
        else:
            admitted.append(scene)
    passes = group_passes(admitted, lambda s: (s.platform, s.relative_orbit), "Sentinel-2", bounds)
    clear = []
    for item in _covering(passes, rule, rejections):
        cloud = _counts(item).cloud
        if cloud > rule.max_cloud:
            rejections.append(_reject(item, "cloud", cloud, rule.max_cloud, "share"))
        else:
            clear.append(item)
    return clear


def _covering(
    passes: Sequence[ScenePass[Any]], rule: PairingRule, rejections: list[Rejection]
) -> list[ScenePass[Any]]:
    rejections.extend(
        _reject(item, "overlap", item.overlap, rule.min_overlap, "share")
        for item in passes
        if item.overlap < rule.min_overlap
    )
    return [item for item in passes if item.overlap >= rule.min_overlap]


def _loser(
    side: ScenePass[Any],
    apart: Sequence[tuple[ScenePass[RadarScene], ScenePass[OpticalScene], float]],
    candidates: Sequence[Match],
    rule: PairingRule,
) -> Rejection:
    """Return why a pass that is good by itself is in no pair."""
    hours = [abs(h) for r, o, h in apart if side.ids in (r.ids, o.ids)]
    if not hours:
        return _reject(side, "no_partner", None, None)
    if min(hours) > rule.max_hours:
        return _reject(side, "hours_apart", min(hours), rule.max_hours, "h")
    best = max(m.overlap for m in candidates if side.ids in (m.radar.ids, m.optical.ids))
    if best < rule.min_overlap:
        return _reject(side, "overlap", best, rule.min_overlap, "share")
    return _reject(side, "order", "a better partner is taken", ", ".join(rule.order))


def _reject(
    item: ScenePass[Any], rule: str, value: float | str | None, limit: float | str | None, unit: str = ""
) -> Rejection:
    return Rejection(item.sensor, item.ids, item.time, rule, value, limit, unit)


def _hours(radar: ScenePass[RadarScene], optical: ScenePass[OpticalScene]) -> float:
    return (radar.time - optical.time).total_seconds() / 3600


def _counts(item: ScenePass[OpticalScene]) -> CloudCounts:
    return sum((scene.clouds for scene in item.scenes), start=CloudCounts(0.0, 0.0, 0.0))


def _rank(match: Match, rule: PairingRule, peak: datetime | None) -> tuple[float, ...]:
    from_peak = abs((match.radar.time - peak).total_seconds()) if peak else 0.0
    keys = {
        "cloud": float(math.floor(match.cloud / _CLOUD_STEP + 1e-9)),
        "hours": abs(match.hours_apart),
        "overlap": -match.overlap,
        "peak": from_peak,
    }
    return tuple(keys[name] for name in rule.order)
