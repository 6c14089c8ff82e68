"""Scenes as metadata: what Earth Engine said of each, grouped into passes of a satellite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from ee_floods.methods.clouds import CloudCounts

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["SLICE_GAP", "OpticalScene", "RadarScene", "Scene", "ScenePass", "group_passes", "overlap_of"]

Bounds = tuple[float, float, float, float]

SLICE_GAP = timedelta(seconds=60)
"""Scenes of one satellite and orbit that start closer than this belong to one pass: slices of Sentinel-1
follow each other by 25 s, tiles of Sentinel-2 by some seconds, the next pass of the orbit by days."""


@dataclass(frozen=True)
class Scene:
    """What any scene has.

    Args:
        id: Full asset id.
        time: Start of the acquisition, UTC.
        footprint: GeoJSON geometry in longitude/latitude degrees, a ring or a polygon; None means everywhere.
        platform: Satellite, such as `S1A`.
        relative_orbit: Number of the orbit in the repeat cycle, or None if not said.
    """

    id: str
    time: datetime
    footprint: Mapping[str, Any] | None
    platform: str
    relative_orbit: int | None


@dataclass(frozen=True)
class RadarScene(Scene):
    """A Sentinel-1 GRD scene.

    Args:
        direction: `ascending` or `descending`; empty if not said.
        mode: Instrument mode, such as `IW`.
        polarisations: Such as `("VV", "VH")`, in order of the metadata.
        resolution_m: Pixel size of the product in m.
    """

    direction: str
    mode: str
    polarisations: tuple[str, ...]
    resolution_m: float


@dataclass(frozen=True)
class OpticalScene(Scene):
    """A Sentinel-2 tile; `clouds` counts its pixels over the region that was asked for."""

    clouds: CloudCounts


S = TypeVar("S", bound=Scene)


@dataclass(frozen=True)
class ScenePass(Generic[S]):
    """The scenes of one pass over a region.

    Args:
        sensor: `Sentinel-1` or `Sentinel-2`.
        scenes: In order of time, at least one.
        overlap: Share of the region, 0..1, that their footprints cover together.
    """

    sensor: Literal["Sentinel-1", "Sentinel-2"]
    scenes: tuple[S, ...]
    overlap: float

    @property
    def time(self) -> datetime:
        """Start of the first scene, UTC."""
        return self.scenes[0].time

    @property
    def ids(self) -> tuple[str, ...]:
        """Asset ids, in order of time."""
        return tuple(scene.id for scene in self.scenes)


def group_passes(
    scenes: Iterable[S],
    key: Callable[[S], object],
    sensor: Literal["Sentinel-1", "Sentinel-2"],
    bounds: Bounds,
) -> tuple[ScenePass[S], ...]:
    """Return passes in order of time: scenes with one key that follow each other within `SLICE_GAP`.

    Args:
        scenes: Any order.
        key: What the scenes of a pass share (satellite, orbit).
        sensor: Name of the sensor.
        bounds: `(west, south, east, north)` in degrees of the region whose cover is measured.
    """
    groups: list[list[S]] = []
    last: dict[object, list[S]] = {}
    for scene in sorted(scenes, key=lambda s: (s.time, s.id)):
        open_group = last.get(key(scene))
        if open_group is not None and scene.time - open_group[-1].time <= SLICE_GAP:
            open_group.append(scene)
            continue
        last[key(scene)] = group = [scene]
        groups.append(group)
    return tuple(ScenePass(sensor, tuple(group), overlap_of((group,), bounds)) for group in groups)


def overlap_of(groups: Sequence[Iterable[Scene]], bounds: Bounds) -> float:
    """Return the share of a region that every group of scenes covers, 0..1.

    Args:
        groups: Scenes whose footprints count together, one group per sensor.
        bounds: The region, `(west, south, east, north)` in degrees. Areas are compared in degrees: over one
            event the shrinking of a degree of longitude cancels but for a few per mille.
    """
    from shapely import union_all
    from shapely.geometry import box

    region = box(*bounds)
    seen: BaseGeometry = region
    middle = (bounds[0] + bounds[2]) / 2
    for group in groups:
        shapes = [region if s.footprint is None else _polygon(s.footprint, middle) for s in group]
        seen = seen.intersection(union_all(shapes))
    # A footprint digitised from another projection can exceed the box by rounding only.
    return min(1.0, float(seen.area / region.area))


def _polygon(footprint: Mapping[str, Any], middle: float) -> BaseGeometry:
    """Return a footprint as a valid polygon whose longitudes lie within 180 degrees of `middle`."""
    from shapely import make_valid, union_all
    from shapely.geometry import Polygon

    if footprint.get("type") == "GeometryCollection":
        return union_all([_polygon(part, middle) for part in footprint.get("geometries", ())])
    if footprint.get("type") == "MultiPolygon":
        parts = [{"type": "Polygon", "coordinates": rings} for rings in footprint["coordinates"]]
        return union_all([_polygon(part, middle) for part in parts])
    # Sentinel-1's footprint is a ring without an inside.
    coordinates = footprint.get("coordinates") or []
    rings = coordinates if footprint.get("type") == "Polygon" else [coordinates]
    near = [[((x - middle + 180) % 360 - 180 + middle, y) for x, y, *_ in ring] for ring in rings]
    if not near or len(near[0]) < 4:
        return Polygon()
    return make_valid(Polygon(near[0], near[1:]))
