"""Sentinel-1 GRD: scenes as metadata, and the mosaic of a pass in dB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ee_floods.catalog.datasets import DATASETS
from ee_floods.methods.border import without_border_noise_image
from ee_floods.methods.coarsen import majority_image, mean_power_image
from ee_floods.methods.otsu import below_image
from ee_floods.query.scenes import RadarScene

if TYPE_CHECKING:
    import ee

__all__ = ["pass_image", "pass_weak_label", "read_scenes", "scenes_graph"]

Bounds = tuple[float, float, float, float]

_DATASET = DATASETS["s1_grd"]
_NATIVE_M = 10.0
_PROPERTIES = [
    "system:time_start",
    "platform_number",
    "orbitProperties_pass",
    "relativeOrbitNumber_start",
    "instrumentMode",
    "transmitterReceiverPolarisation",
    "resolution_meters",
]


def scenes_graph(bounds: Bounds, start: datetime, end: datetime) -> ee.FeatureCollection:
    """Return a graph of the metadata of every scene that touches a region in `[start, end)`.

    Nothing is filtered by mode or polarisation, so that the report can say what was left out.

    Args:
        bounds: `(west, south, east, north)` in degrees.
        start: UTC.
        end: UTC.
    """
    import ee

    scenes = (
        ee.ImageCollection(_DATASET.id)
        .filterBounds(ee.Geometry.Rectangle(list(bounds), "EPSG:4326", False))
        .filterDate(start.isoformat(), end.isoformat())
    )
    # Without pixels or the bands' description an answer is a kilobyte per scene.

    def described(scene: ee.Image) -> ee.Feature:
        # `system:index` is an element's id rather than a property of it, so it goes by a name of its own.
        bare = ee.Feature(scene.geometry(), {"scene": scene.get("system:index")})
        feature: ee.Feature = bare.copyProperties(scene, _PROPERTIES)
        return feature

    features: ee.FeatureCollection = ee.FeatureCollection(scenes.map(described))
    return features


def read_scenes(answer: Mapping[str, Any]) -> tuple[RadarScene, ...]:
    """Return the scenes that the answer to `scenes_graph` describes."""
    scenes = []
    for feature in answer["features"]:
        properties = feature["properties"]
        index = str(properties["scene"])
        polarisations = properties.get("transmitterReceiverPolarisation") or ()
        orbit = properties.get("relativeOrbitNumber_start")
        scenes.append(
            RadarScene(
                id=f"{_DATASET.id}/{index}",
                time=datetime.fromtimestamp(properties["system:time_start"] / 1000, UTC),
                footprint=feature.get("geometry"),
                platform=f"S1{properties.get('platform_number', index[2:3])}",
                relative_orbit=None if orbit is None else int(orbit),
                direction=str(properties.get("orbitProperties_pass", "")).lower(),
                mode=str(properties.get("instrumentMode", "")),
                polarisations=tuple(str(p) for p in polarisations),
                resolution_m=float(properties.get("resolution_meters", _NATIVE_M)),
            )
        )
    return tuple(scenes)


def pass_image(ids: Sequence[str], *, scale: float = _NATIVE_M) -> ee.Image:
    """Return a graph of a pass: float bands VV and VH in dB, angle in degrees, without border noise.

    Args:
        ids: Asset ids of its slices.
        scale: Pixel size in m of the grid that will be asked for; above 10 m power is averaged over the
            larger pixel, before slices are put together.
    """
    import ee

    def slice_image(scene_id: str) -> ee.Image:
        scene = without_border_noise_image(ee.Image(scene_id).select(["VV", "VH", "angle"]))
        power = scene.select(["VV", "VH"])
        if scale > _NATIVE_M:
            power = mean_power_image(power, scale / _NATIVE_M)
        both: ee.Image = power.toFloat().addBands(scene.select("angle").toFloat())
        return both

    return _mosaic([slice_image(scene_id) for scene_id in ids])


def pass_weak_label(ids: Sequence[str], threshold: float, *, scale: float = _NATIVE_M) -> ee.Image:
    """Return a graph of the weak label of a pass, band `weak_s1`: 1 where VH is below a threshold, else 0.

    Args:
        ids: Asset ids of its slices.
        threshold: dB.
        scale: As in `pass_image`; above 10 m the majority of the native labels, -1 at a tie.
    """
    import ee

    def slice_label(scene_id: str) -> ee.Image:
        scene = without_border_noise_image(ee.Image(scene_id).select(["VV", "VH", "angle"]))
        label = below_image(scene.select("VH"), threshold)
        return (majority_image(label, scale / _NATIVE_M) if scale > _NATIVE_M else label).toFloat()

    return _mosaic([slice_label(scene_id) for scene_id in ids])


def _mosaic(images: Sequence[ee.Image]) -> ee.Image:
    import ee

    whole: ee.Image = images[0] if len(images) == 1 else ee.ImageCollection(list(images)).mosaic()
    return whole
