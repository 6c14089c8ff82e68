"""Sentinel-2 L1C with Cloud Score+: scenes as metadata with their cloud, and the mosaic of a pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ee_floods.catalog.datasets import DATASETS
from ee_floods.config.pairing import MIN_CLEAR_SCORE
from ee_floods.contracts.chip import S2_BANDS
from ee_floods.methods.clouds import CloudCounts, cloud_counts_graph
from ee_floods.methods.coarsen import majority_image, mean_image
from ee_floods.methods.indices import weak_label_image
from ee_floods.query.scenes import OpticalScene

if TYPE_CHECKING:
    import ee

__all__ = ["NATIVE_M", "count_scale", "pass_image", "read_scenes", "scenes_graph"]

Bounds = tuple[float, float, float, float]

_DATASET = DATASETS["s2_l1c"]
_SCORES = DATASETS["cloud_score"]
_SCORE = "cs_cdf"

NATIVE_M: Mapping[str, float] = {
    "cloud_score": 10.0,
    **{band.name: band.scale_m or 10.0 for band in _DATASET.bands},
}
"""Native pixel size in m by band of a pass."""

_COUNT_PIXELS = 4_000
"""Pixels of a region that are looked at for its cloud. On ten simulated scenes 2,500 and 10,000 pixels gave
the share of 250,000 to within 0.01 and 0.006, at a fortieth and a twentieth of the time."""

_FINEST_COUNT_M = 60.0
"""m; clouds need no finer look, however small the region."""

_PROPERTIES = [
    "system:time_start",
    "SPACECRAFT_NAME",
    "SENSING_ORBIT_NUMBER",
]


def count_scale(bounds: Bounds) -> float:
    """Return the pixel size in m at which the cloud over a region is counted."""
    import math

    west, south, east, north = bounds
    degree = 111_320.0  # m of a degree of latitude
    area = (east - west) * (north - south) * degree**2 * math.cos(math.radians((south + north) / 2))
    return max(_FINEST_COUNT_M, round(math.sqrt(area / _COUNT_PIXELS)))


def scenes_graph(
    bounds: Bounds, start: datetime, end: datetime, *, min_clear_score: float = MIN_CLEAR_SCORE
) -> ee.FeatureCollection:
    """Return a graph of every tile that touches a region in `[start, end)`, with its cloud counts over it.

    Args:
        bounds: `(west, south, east, north)` in degrees.
        start: UTC.
        end: UTC.
        min_clear_score: Cloud Score+ from which a pixel is clear, 0..1.
    """
    import ee

    region = ee.Geometry.Rectangle(list(bounds), "EPSG:4326", False)
    scale = count_scale(bounds)
    window = (start.isoformat(), end.isoformat())
    scores = ee.ImageCollection(_SCORES.id).filterBounds(region).filterDate(*window)
    tiles = ee.ImageCollection(_DATASET.id).filterBounds(region).filterDate(*window)

    def described(tile: ee.Image) -> ee.Feature:
        # A tile without a score gets a fully masked band here, which the counts tell from cloud.
        score = tile.select("B3").linkCollection(scores, [_SCORE]).select(_SCORE)
        counts = cloud_counts_graph(tile.select("B3"), score, region, scale, min_clear_score=min_clear_score)
        bare = ee.Feature(tile.geometry(), counts.set("scene", tile.get("system:index")))
        feature: ee.Feature = bare.copyProperties(tile, _PROPERTIES)
        return feature

    features: ee.FeatureCollection = ee.FeatureCollection(tiles.map(described))
    return features


def read_scenes(answer: Mapping[str, Any]) -> tuple[OpticalScene, ...]:
    """Return the scenes that the answer to `scenes_graph` describes."""
    scenes = []
    for feature in answer["features"]:
        properties = feature["properties"]
        orbit = properties.get("SENSING_ORBIT_NUMBER")
        counts = (float(properties.get(name) or 0.0) for name in ("observed", "scored", "clear"))
        scenes.append(
            OpticalScene(
                id=f"{_DATASET.id}/{properties['scene']}",
                time=datetime.fromtimestamp(properties["system:time_start"] / 1000, UTC),
                footprint=feature.get("geometry"),
                platform=str(properties.get("SPACECRAFT_NAME", "Sentinel-2")),
                relative_orbit=None if orbit is None else int(orbit),
                clouds=CloudCounts(*counts),
            )
        )
    return tuple(scenes)


def pass_image(
    ids: Sequence[str],
    *,
    scale: float = 10.0,
    weak_label: bool = True,
    min_clear_score: float = MIN_CLEAR_SCORE,
) -> ee.Image:
    """Return a graph of a pass: float bands B1..B12 (x 10000), `cloud_score` and, if wanted, `weak_s2`.

    Args:
        ids: Asset ids of its tiles, each of which has a cloud score (`find_pairs` sees to that).
        scale: Pixel size in m of the grid that will be asked for; bands finer than that are averaged, the
            weak label made at 10 m is the majority of its valid pixels. Coarser bands are not interpolated.
        weak_label: Whether to add `weak_s2`.
        min_clear_score: Cloud Score+ below which the weak label is invalid, 0..1.
    """
    import ee

    def tile_image(tile_id: str) -> ee.Image:
        score_id = f"{_SCORES.id}/{tile_id.rsplit('/', 1)[1]}"
        optical = ee.Image(tile_id).select(list(S2_BANDS))
        score = ee.Image(score_id).select([_SCORE], ["cloud_score"])
        both = _averaged(optical.toFloat(), scale, S2_BANDS).addBands(
            _averaged(score.toFloat(), scale, ("cloud_score",))
        )
        if not weak_label:
            return both
        label = weak_label_image(optical, score, min_clear_score=min_clear_score)
        finer = scale > NATIVE_M["B3"]
        return both.addBands((majority_image(label, scale / 10.0) if finer else label).toFloat())

    tiles = [tile_image(tile_id) for tile_id in ids]
    whole: ee.Image = tiles[0] if len(tiles) == 1 else ee.ImageCollection(tiles).mosaic()
    return whole


def _averaged(image: ee.Image, scale: float, bands: Sequence[str]) -> ee.Image:
    """Return the bands in order, those finer than `scale` m averaged in their own projection."""
    sizes = sorted({NATIVE_M[band] for band in bands})
    parts = []
    for size in sizes:
        part = image.select([band for band in bands if NATIVE_M[band] == size])
        parts.append(mean_image(part, scale / size) if scale > size else part)
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.addBands(part)
    ordered: ee.Image = joined.select(list(bands))
    return ordered
