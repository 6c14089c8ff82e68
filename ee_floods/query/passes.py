"""The pass of Sentinel-1 that shows an event best: no clouds are asked about, as a map needs radar alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ee_floods.catalog.event import FloodEvent
from ee_floods.config.pairing import PairingRule
from ee_floods.contracts.chip import PATCH
from ee_floods.errors import NoScenesError
from ee_floods.grid import Grid
from ee_floods.query import sentinel1
from ee_floods.query.decision import radar_passes
from ee_floods.query.pairs import ask_scenes, event_grid

if TYPE_CHECKING:
    from ee_floods.query.pairs import Pair

__all__ = ["RadarPass", "find_pass", "pass_of_pair"]


@dataclass(frozen=True)
class RadarPass:
    """One pass of Sentinel-1 over a region.

    Args:
        ids: Asset ids of its slices, in order of time.
        time: Start of the first, UTC.
        grid: The region's pixels.
    """

    ids: tuple[str, ...]
    time: datetime
    grid: Grid


def pass_of_pair(pair: Pair) -> RadarPass:
    """Return the radar side of a pair."""
    return RadarPass(pair.s1_ids, pair.s1_time, pair.grid)


def find_pass(
    event: FloodEvent,
    rule: PairingRule | None = None,
    *,
    scale: float = 10.0,
    patch: int = PATCH,
    extent_px: int | tuple[int, int] | None = None,
) -> RadarPass:
    """Return the pass nearest to the event's peak (its middle, if nobody says) that covers enough of it.

    Args:
        event: The event.
        rule: Its limits on orbit, polarisation and overlap, and its days before and after, apply.
        scale: Pixel size in m.
        patch: The grid is a whole number of patches of this many pixels.
        extent_px: As in `find_pairs`.

    Raises:
        NoScenesError: If no pass is left; the message names the limit that the best one missed.
    """
    rule = rule or PairingRule()
    grid = event_grid(event, scale=scale, patch=patch, extent_px=extent_px)
    start = event.start - timedelta(days=rule.days_before)
    end = event.end + timedelta(days=rule.days_after)
    graph = sentinel1.scenes_graph(grid.lonlat_bounds, start, end)
    scenes = sentinel1.read_scenes(ask_scenes(graph, "Sentinel-1", event))
    passes, rejections = radar_passes(scenes, rule, grid.lonlat_bounds)
    if not passes:
        nearest = min(rejections, key=lambda item: item.miss, default=None)
        why = (
            f"the best, {nearest.scene_ids[0]}, has {nearest.rule} {nearest.value}, limit {nearest.limit}"
            if nearest
            else "Sentinel-1 did not pass"
        )
        raise NoScenesError(
            f"No pass of Sentinel-1 shows {event.name} from {start:%Y-%m-%d} to {end:%Y-%m-%d}: {why}.",
            remedy="Widen `days_before`/`days_after`, or lower `min_overlap`.",
        )
    peak = event.peak or event.start + (event.end - event.start) / 2
    best = min(passes, key=lambda item: (abs(item.time - peak), item.ids))
    return RadarPass(best.ids, best.time, grid)
