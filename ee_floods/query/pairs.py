"""Sentinel-1/Sentinel-2 pairs of an event, and a report of every scene that was left out.

    pairs = find_pairs(event, PairingRule(max_hours=24))
    for row in pairs.report.to_rows(): ...

Two requests to Earth Engine: Sentinel-1's metadata, and Sentinel-2's with its cloud over the event.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, overload

from ee_floods.catalog.event import FloodEvent
from ee_floods.config.pairing import PairingRule
from ee_floods.contracts.chip import PATCH
from ee_floods.errors import InputError
from ee_floods.grid import Grid, Window
from ee_floods.query import sentinel1, sentinel2
from ee_floods.query.decision import Match, decide
from ee_floods.query.report import PairReport, empty_result
from ee_floods.service.retry import retry

if TYPE_CHECKING:
    import ee

__all__ = ["Pair", "PairSet", "ask_scenes", "event_grid", "find_pairs"]

Bounds = tuple[float, float, float, float]

_MAX_SCENES = 2000
"""Scenes of one sensor in one answer: half of what Earth Engine gives at once, and the metadata of several
months over a country; whoever meets it asked for too much."""


@dataclass(frozen=True)
class Pair:
    """One pass of Sentinel-1 and one of Sentinel-2 over an event.

    Args:
        id: Name made of the event, both dates and the scene ids; `[a-z0-9-]`, the same at every run.
        event_id: Id of the event.
        s1_ids: Asset ids of the Sentinel-1 slices, in order of time.
        s2_ids: Asset ids of the Sentinel-2 tiles, in order of time.
        s1_time: Start of the Sentinel-1 pass, UTC.
        s2_time: Start of the Sentinel-2 pass, UTC.
        hours_apart: Sentinel-1 minus Sentinel-2, h: positive when the radar looked later.
        grid: Pixels to export: UTM, whole patches, over the event's bounds or the extent asked for.
        overlap: Share of the region that both footprints cover, 0..1.
        cloud: Cloudy share of Sentinel-2's pixels over the region, 0..1.
        rule: The rule that admitted it, in words.
    """

    id: str
    event_id: str
    s1_ids: tuple[str, ...]
    s2_ids: tuple[str, ...]
    s1_time: datetime
    s2_time: datetime
    hours_apart: float
    grid: Grid
    overlap: float
    cloud: float
    rule: str

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return {
            "id": self.id,
            "event": self.event_id,
            "s1_ids": list(self.s1_ids),
            "s2_ids": list(self.s2_ids),
            "s1_time": self.s1_time.isoformat(),
            "s2_time": self.s2_time.isoformat(),
            "hours_apart": round(self.hours_apart, 3),
            "grid": self.grid.ee_parameters,
            "overlap": round(self.overlap, 4),
            "cloud": round(self.cloud, 4),
            "rule": self.rule,
        }


@dataclass(frozen=True)
class PairSet:
    """The pairs of an event, best first, and the report of what was left out."""

    event: FloodEvent
    rule: PairingRule
    pairs: tuple[Pair, ...]
    report: PairReport

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Pair, ...]: ...
    def __getitem__(self, index: int | slice) -> Pair | tuple[Pair, ...]:
        return self.pairs[index]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form: event, rule, pairs, report."""
        return {
            **self.report.to_dict(),
            "event": self.event.to_dict(),
            "rule": self.rule.model_dump(mode="json"),
            "pairs": [pair.to_dict() for pair in self.pairs],
        }


def find_pairs(
    event: FloodEvent,
    rule: PairingRule | None = None,
    *,
    scale: float = 10.0,
    patch: int = PATCH,
    extent_px: int | tuple[int, int] | None = None,
) -> PairSet:
    """Return the pairs of an event under a rule, best first.

    Args:
        event: The event.
        rule: Which scenes pair; None for the defaults.
        scale: Pixel size of the pairs' grid in m.
        patch: Side of a patch in pixels; the grid is a whole number of patches.
        extent_px: Height and width in pixels (one number for a square) of the part of the event that is
            wanted, in the middle of its bounds; rounded up to whole patches. Overlap and cloud are then
            measured over this part. None for all of the event.

    Raises:
        NoScenesError: If nothing pairs; the message names the filter and how far it missed.
        InputError: If a window holds too many scenes, or the extent is empty.
    """
    rule = rule or PairingRule()
    grid = event_grid(event, scale=scale, patch=patch, extent_px=extent_px)
    bounds = event.bounds if extent_px is None else grid.lonlat_bounds
    window = (
        event.start - timedelta(days=rule.days_before),
        event.end + timedelta(days=rule.days_after),
    )
    radar = sentinel1.read_scenes(ask_scenes(sentinel1.scenes_graph(bounds, *window), "Sentinel-1", event))
    optical = sentinel2.read_scenes(
        ask_scenes(
            sentinel2.scenes_graph(bounds, *window, min_clear_score=rule.min_clear_score), "Sentinel-2", event
        )
    )
    decision = decide(radar, optical, rule, bounds, peak=event.peak)
    report = PairReport(
        event_id=event.id,
        window=window,
        s1_scenes=len(radar),
        s2_scenes=len(optical),
        pairs=len(decision.matches),
        rejections=decision.rejections,
    )
    if not decision.matches:
        raise empty_result(event, rule, report, decision)
    pairs = tuple(_pair(event, match, grid, rule) for match in decision.matches)
    return PairSet(event, rule, pairs, report)


def event_grid(
    event: FloodEvent, *, scale: float, patch: int, extent_px: int | tuple[int, int] | None = None
) -> Grid:
    """Return the grid of an event's pairs: UTM, whole patches; arguments as in `find_pairs`."""
    grid = Grid.from_lonlat_box(event.bounds, scale, multiple=patch)
    if extent_px is None:
        return grid
    height, width = (extent_px, extent_px) if isinstance(extent_px, int) else extent_px
    if height < 1 or width < 1:
        raise InputError(f"`extent_px` must be at least 1, received {extent_px!r}.")
    height, width = (-(-side // patch) * patch for side in (height, width))
    row, col = (grid.height - height) // 2, (grid.width - width) // 2
    return grid.crop(Window(row, col, height, width))


def ask_scenes(graph: ee.FeatureCollection, sensor: str, event: FloodEvent) -> dict[str, Any]:
    """Return the answer to a graph of scenes; raises `InputError` if it holds too many of them."""
    answer: dict[str, Any] = retry(
        graph.limit(_MAX_SCENES + 1).getInfo, doing=f"asking for {sensor} scenes of event {event.id}"
    )
    if len(answer["features"]) > _MAX_SCENES:
        raise InputError(
            f"Event {event.id!r} has more than {_MAX_SCENES} {sensor} scenes in its window.",
            remedy="Give smaller bounds, or an earlier end.",
        )
    return answer


def _pair(event: FloodEvent, match: Match, grid: Grid, rule: PairingRule) -> Pair:
    radar, optical = match.radar, match.optical
    return Pair(
        id=_pair_id(event.id, match),
        event_id=event.id,
        s1_ids=radar.ids,
        s2_ids=optical.ids,
        s1_time=radar.time,
        s2_time=optical.time,
        hours_apart=match.hours_apart,
        grid=grid,
        overlap=match.overlap,
        cloud=match.cloud,
        rule=(
            f"{abs(match.hours_apart):.1f} h apart (at most {rule.max_hours:g}), overlap {match.overlap:.2f} "
            f"(at least {rule.min_overlap:g}), cloud {match.cloud:.2f} (at most {rule.max_cloud:g}); "
            f"ranked by {', '.join(rule.order)}"
        ),
    )


def _pair_id(event_id: str, match: Match) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", event_id.lower()).strip("-")[:40] or "event"
    digest = hashlib.sha256("\n".join((event_id, *match.radar.ids, *match.optical.ids)).encode())
    return f"{name}-{match.radar.time:%Y%m%d}-{match.optical.time:%Y%m%d}-{digest.hexdigest()[:6]}"
