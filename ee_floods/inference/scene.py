"""From a radar scene to a flood product: probability, classes, and what could not be seen or assessed."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from ee_floods import __version__
from ee_floods.contracts.chip import S1_BANDS
from ee_floods.contracts.product import (
    EXCLUSION_LABELS,
    TERRAIN,
    WATER_REFERENCE,
    Exclusion,
    FloodClass,
    ProductProperties,
)
from ee_floods.contracts.provenance import Provenance
from ee_floods.errors import GridMismatchError, InputError, ModelMismatchError
from ee_floods.inference.blending import Progress, predict_probability
from ee_floods.inference.raster import NO_DATA, RADAR_BITS, FloodRaster
from ee_floods.methods.flood_classes import PERMANENT_MIN, SEASONAL_MIN, check_thresholds, flood_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ee_floods.grid import Grid
    from ee_floods.inference.radar_file import RadarScene
    from ee_floods.models.predictor import Predictor

__all__ = [
    "HAND_MAX_M",
    "SLOPE_MAX_DEGREES",
    "FloodRaster",
    "ReferenceWater",
    "Terrain",
    "map_scene",
    "predict_probability",
]

_log = logging.getLogger(__name__)

HAND_MAX_M = 15.0
"""m above the nearest drainage from which open water is not expected: the limit of ASF's HydroSAR
(asf-tools, `hand_threshold`: the greatest HAND of a valid pixel)."""

SLOPE_MAX_DEGREES = 5.0
"""Degrees from which ground holds no standing water and radar shadow looks like it: UN-SPIDER's recommended
practice for Sentinel-1 flood mapping."""

SCALE_TOLERANCE = 2.0
"""A model may see pixels up to this factor finer or coarser than those it learned from; beyond, its texture
features mean something else. Chosen so that 10 m scenes can be given to a model of 16 m and the reverse."""


@dataclass(frozen=True)
class ReferenceWater:
    """Where water normally is.

    Args:
        occurrence: JRC occurrence in %, float `(H, W)` on the scene's grid: 0 where JRC saw no water, NaN
            where it has no data.
        permanent_min: Occurrence in % from which water is permanent.
        seasonal_min: Occurrence in % from which water is seasonal.
        source: Name of the data set, for the reader.
        provenance: What it was computed from.
    """

    occurrence: NDArray[np.float32]
    permanent_min: float = PERMANENT_MIN
    seasonal_min: float = SEASONAL_MIN
    source: str = "JRC Global Surface Water v1.4"
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        check_thresholds(self.permanent_min, self.seasonal_min)


@dataclass(frozen=True)
class Terrain:
    """Where the ground rules water out.

    Args:
        hand: Height above the nearest drainage in m, float `(H, W)` on the scene's grid, NaN where unknown.
        slope: Slope in degrees, float `(H, W)`, NaN where unknown; None if there is none.
        hand_max: HAND in m from which a pixel is excluded.
        slope_max: Slope in degrees from which a pixel is excluded.
        provenance: What it was computed from.
    """

    hand: NDArray[np.float32]
    slope: NDArray[np.float32] | None = None
    hand_max: float = HAND_MAX_M
    slope_max: float = SLOPE_MAX_DEGREES
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def excluded(self) -> NDArray[np.bool_]:
        """Where ground is steep or high, bool `(H, W)`. Unknown ground is not excluded."""
        with np.errstate(invalid="ignore"):
            out = self.hand >= self.hand_max
            return out if self.slope is None else out | (self.slope >= self.slope_max)


def map_scene(
    predictor: Predictor,
    scene: RadarScene,
    *,
    reference: ReferenceWater | None,
    terrain: Terrain | None,
    event: str | None = None,
    exclusions: Mapping[Exclusion, NDArray[np.bool_]] | None = None,
    window: int | None = None,
    overlap: int | None = None,
    runtime: str | None = None,
    precision: str = "float32",
    progress: Progress | None = None,
) -> FloodRaster:
    """Map the flood in a radar scene.

    A pixel without radar is "no data", one that an exclusion covers is "not observable"; neither is dry.
    Water without reference is "not separated" into flood and normal water, and what was not looked at stands
    in the product's `not_assessed`.

    Args:
        predictor: The model.
        scene: The radar scene.
        reference: Normal water on the scene's grid; None if there is none.
        terrain: Terrain on the scene's grid; None if there is none.
        event: Name of the event; default is the scene's name.
        exclusions: Further reasons why the radar cannot see water, bool `(H, W)` each. Every key counts as
            assessed, even if its mask is empty. `NO_RADAR` and `STEEP_OR_HIGH` come from the scene and the
            terrain.
        window: See `predict_probability`.
        overlap: See `predict_probability`.
        runtime: What the model ran on, for the record; default is `keras` for a trained model (one with a
            card) and `numpy` for a rule.
        precision: In which precision it ran, for the record.
        progress: Called after every window.

    Returns:
        The product.

    Raises:
        InputError: If real radar would be combined with a simulated layer, or an exclusion is given that is
            derived here.
        GridMismatchError: If a layer does not have the scene's shape.
        ModelMismatchError: If the model does not fit the scene's bands or scale.
    """
    extra = dict(exclusions or {})
    _check_layers(scene, reference, terrain, extra)
    _check_scale(predictor, scene.grid)
    probability = predict_probability(
        predictor, scene.bands, scene.grid, window=window, overlap=overlap, progress=progress
    )
    told = np.isfinite(probability)
    with np.errstate(invalid="ignore"):
        water = probability >= np.float32(predictor.threshold)
    flood = flood_classes(
        water,
        None if reference is None else reference.occurrence,
        permanent_min=PERMANENT_MIN if reference is None else reference.permanent_min,
        seasonal_min=SEASONAL_MIN if reference is None else reference.seasonal_min,
    )
    exclusion = _exclusion(predictor, scene, terrain, extra)
    flood[exclusion != 0] = FloodClass.NOT_OBSERVABLE
    no_radar = (exclusion & np.uint8(Exclusion.NO_RADAR)) != 0
    flood[no_radar | ~told] = FloodClass.NO_DATA
    percent = np.full(scene.grid.shape, NO_DATA, np.uint8)
    percent[told] = np.rint(np.clip(probability[told], 0, 1) * 100).astype(np.uint8)
    return FloodRaster(
        scene.grid,
        flood,
        percent,
        exclusion,
        _properties(predictor, scene, reference, terrain, event, extra, runtime, precision),
    )


def _check_layers(
    scene: RadarScene,
    reference: ReferenceWater | None,
    terrain: Terrain | None,
    extra: Mapping[Exclusion, NDArray[np.bool_]],
) -> None:
    layers: list[tuple[str, NDArray[np.float32] | NDArray[np.bool_]]] = []
    if reference is not None:
        layers.append(("reference.occurrence", reference.occurrence))
    if terrain is not None:
        layers.append(("terrain.hand", terrain.hand))
        if terrain.slope is not None:
            layers.append(("terrain.slope", terrain.slope))
    layers.extend((f"exclusions[{key!r}]", mask) for key, mask in extra.items())
    for name, values in layers:
        if values.shape != scene.grid.shape:
            raise GridMismatchError(
                f"`{name}` is {values.shape}, the scene {scene.grid.shape}.",
                remedy="Resample the layer to the scene's grid.",
            )
    derived = [key for key in extra if key in (Exclusion.NO_RADAR, Exclusion.STEEP_OR_HIGH)]
    if derived:
        raise InputError(
            f"`exclusions` holds {derived[0]!r}, which is derived here.",
            remedy="Mask the radar with NaN, or give `terrain`.",
        )
    if scene.provenance.simulated:
        return
    for name, layer in (("reference", reference), ("terrain", terrain)):
        if layer is not None and layer.provenance.simulated:
            raise InputError(
                f"`{name}` is simulated, but the radar of {scene.name} is real; they are never combined.",
                remedy=f"Give a real {name} layer, or none: the product then says what was not assessed.",
            )


def _check_scale(predictor: Predictor, grid: Grid) -> None:
    if predictor.card is None:
        return
    width, height = _pixel_size(grid)
    ratio = math.sqrt(width * height) / predictor.card.scale_m
    if not 1 / SCALE_TOLERANCE <= ratio <= SCALE_TOLERANCE:
        raise ModelMismatchError(
            f"{predictor.name} was trained at {predictor.card.scale_m:g} m; these pixels are {width:.3g} x "
            f"{height:.3g} m.",
            remedy=f"Resample the scene: `gdalwarp -r average -tr {predictor.card.scale_m:g} "
            f"{predictor.card.scale_m:g} -t_srs EPSG:326xx`.",
        )


def _pixel_size(grid: Grid) -> tuple[float, float]:
    """Width and height of the middle pixel in m, measured on the ellipsoid."""
    from pyproj import CRS, Geod, Transformer

    a, b, c, d, e, f = grid.transform
    col, row = grid.width / 2, grid.height / 2
    points = [(col, row), (col + 1, row), (col, row + 1)]
    to_lonlat = Transformer.from_crs(CRS.from_user_input(grid.crs), "EPSG:4326", always_xy=True)
    lon, lat = to_lonlat.transform(
        [c + a * x + b * y for x, y in points], [f + d * x + e * y for x, y in points]
    )
    geod = Geod(ellps="WGS84")
    _, _, width = geod.inv(lon[0], lat[0], lon[1], lat[1])
    _, _, height = geod.inv(lon[0], lat[0], lon[2], lat[2])
    return float(width), float(height)


def _exclusion(
    predictor: Predictor,
    scene: RadarScene,
    terrain: Terrain | None,
    extra: Mapping[Exclusion, NDArray[np.bool_]],
) -> NDArray[np.uint8]:
    bits = np.zeros(scene.grid.shape, np.uint8)
    if terrain is not None:
        bits[terrain.excluded] |= np.uint8(Exclusion.STEEP_OR_HIGH)
    for flag, mask in extra.items():
        bits[mask] |= np.uint8(flag)
    present = [scene.bands[name] for name in S1_BANDS if name in predictor.bands]
    no_radar = ~np.logical_and.reduce([np.isfinite(values) for values in present])
    bits[no_radar] &= np.uint8(~RADAR_BITS & 0xFF)
    bits[no_radar] |= np.uint8(Exclusion.NO_RADAR)
    return bits


def _properties(
    predictor: Predictor,
    scene: RadarScene,
    reference: ReferenceWater | None,
    terrain: Terrain | None,
    event: str | None,
    extra: Mapping[Exclusion, NDArray[np.bool_]],
    runtime: str | None,
    precision: str,
) -> ProductProperties:
    thresholds = {"water_probability": float(predictor.threshold)}
    thresholds |= {name: float(value) for name, value in predictor.fitted(scene.bands).items()}
    provenance = scene.provenance
    not_assessed = []
    if reference is None:
        not_assessed.append(WATER_REFERENCE)
    else:
        thresholds["permanent_occurrence_percent"] = reference.permanent_min
        thresholds["seasonal_occurrence_percent"] = reference.seasonal_min
        provenance = provenance.merged(reference.provenance)
    if terrain is None:
        not_assessed.append(TERRAIN)
    else:
        thresholds["hand_max_m"] = terrain.hand_max
        if terrain.slope is None:
            not_assessed.append("slope")
        else:
            thresholds["slope_max_degrees"] = terrain.slope_max
        provenance = provenance.merged(terrain.provenance)
    derived = (Exclusion.NO_RADAR, Exclusion.STEEP_OR_HIGH)
    not_assessed += [label for flag, label in EXCLUSION_LABELS.items() if flag not in (*derived, *extra)]
    card = predictor.card
    observed_at = scene.observed_at
    return ProductProperties(
        event=event or scene.name,
        scene_ids=scene.scene_ids,
        observed_at=None if observed_at is None else observed_at.astimezone(UTC).isoformat(),
        model=predictor.name,
        model_sha256="" if card is None else card.model_sha256,
        runtime=runtime or ("numpy" if card is None else "keras"),
        precision=precision,
        thresholds=thresholds,
        code_version=__version__,
        not_assessed=tuple(not_assessed),
        calibrated_on=() if card is None else card.calibrated_on,
        validated_on=() if card is None else card.validated_on,
        notes=scene.notes,
        provenance=provenance.to_dict(),
        simulated=provenance.simulated,
    )
