"""Sentinel-1 GeoTIFFs as users have them: checked, in dB, with the reason when one cannot be used."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ee_floods.contracts.chip import FILL, S1_BANDS
from ee_floods.contracts.provenance import AssetUse, Provenance
from ee_floods.errors import CorruptFileError, InputError, UnitsError
from ee_floods.grid import Grid, Window
from ee_floods.inference.memory import check_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PROVENANCE_TAG", "SIMULATED_TAG", "RadarScene", "read_radar"]

_log = logging.getLogger(__name__)

PROVENANCE_TAG = "EE_FLOODS_PROVENANCE"
"""GeoTIFF tag with `Provenance.to_dict()` as JSON, in radar files that this package wrote."""
SIMULATED_TAG = "SIMULATED"
"""GeoTIFF tag, `true` or `false`: whether the values were simulated."""

MEDIAN_RANGE_DB = (-50.0, 5.0)
"""dB. Where the median of a whole scene of sigma0 can lie. In eight real Sen1Floods11 chips single pixels
reach from -57 (VH over calm water) to +25 dB (VV over a city), their medians from -21 to -9 dB; the noise
floor of Sentinel-1 IW is near -22 dB and its removal digs below that, so the lower bound is wide."""

BYTES_PER_PIXEL = 48
"""Peak bytes per pixel of reading, mapping and writing a scene: 30 measured on 16 million pixels with a
rule, 12 for three layers of reference water and terrain in float32, rounded up. What a network needs for its
windows comes on top and does not grow with the scene."""

_SCENE_ID = re.compile(r"S1[A-D]_(?:IW|EW|S[1-6])_[A-Z]{3}[FHM_]_[12]S[SDHV]{2}_(\d{8}T\d{6})(?:_[0-9A-Z]+)*")


@dataclass(frozen=True)
class RadarScene:
    """One look of Sentinel-1 at one place.

    Args:
        grid: The grid of every band.
        bands: `VV` and `VH` by name, float32 `(H, W)` in dB, NaN where there is no measurement.
        name: A short name for messages and titles: the file's, without its suffix.
        provenance: What it was computed from.
        observed_at: When the radar looked, UTC; None if unknown.
        scene_ids: Sentinel-1 product ids.
        notes: What the reader had to assume, in sentences.
    """

    grid: Grid
    bands: Mapping[str, NDArray[np.float32]]
    name: str
    provenance: Provenance
    observed_at: datetime | None = None
    scene_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def read_radar(path: Path, *, window: Window | None = None) -> RadarScene:
    """Read a Sentinel-1 GeoTIFF with VV and VH in dB.

    Masked pixels are those that hold the file's nodata value, NaN, infinity or this package's fill, and, in
    a file that declares no nodata value, those where both bands are exactly 0, which is how SNAP and Earth
    Engine write "nothing measured".

    Args:
        path: The file.
        window: The part to read; None for all of it. A window that reaches outside the file is refused.

    Raises:
        InputError: If there is no such file, it has no CRS, one band only, bands that are not VV and VH, no
            valid pixel, or is too large for the memory of this machine.
        UnitsError: If its values cannot be dB.
        CorruptFileError: If it cannot be read.
    """
    import rasterio
    from rasterio.errors import RasterioError

    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"There is no file {path}.", remedy="Give a Sentinel-1 GeoTIFF with VV and VH in dB."
        )
    try:
        with rasterio.open(path) as dataset:
            whole = _grid(dataset, path)
            order, notes = _band_order(dataset, path)
            part = window or Window(0, 0, whole.height, whole.width)
            _check_window(part, whole, path)
            check_memory(
                part.height * part.width * BYTES_PER_PIXEL, f"{path.name}, {part.height} x {part.width}"
            )
            bands = _read_bands(dataset, order, part)
            tags = dict(dataset.tags())
            sidecar = [str(text) for text in (path.stem, *tags.values())]
    except RasterioError as error:
        raise CorruptFileError(
            f"{path} cannot be read as a GeoTIFF: {error}.",
            remedy="Copy or download it again; `gdalinfo -checksum` shows where it breaks.",
        ) from error
    _check_values(bands, path, assumed_order=bool(notes))
    for note in notes:
        _log.warning("%s: %s", path.name, note)
    ids, observed_at = _scene_ids(sidecar)
    return RadarScene(
        grid=whole.crop(part),
        bands=bands,
        name=path.stem,
        provenance=_provenance(path, tags),
        observed_at=observed_at,
        scene_ids=ids,
        notes=notes,
    )


def _grid(dataset: Any, path: Path) -> Grid:
    if dataset.crs is None:
        has_gcps = bool(dataset.gcps[0])
        raise InputError(
            f"{path} has no coordinate reference system"
            + (" (only ground control points, as a Level-1 GRD file)." if has_gcps else "."),
            remedy="Terrain-correct the scene first (SNAP, or Earth Engine's COPERNICUS/S1_GRD)."
            if has_gcps
            else "Set it with `gdal_edit.py -a_srs EPSG:...` if you know it.",
        )
    code = dataset.crs.to_epsg()
    crs = f"EPSG:{code}" if code else dataset.crs.to_wkt()
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    return Grid(crs, (a, b, c, d, e, f), (dataset.height, dataset.width))


def _band_order(dataset: Any, path: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    if dataset.count < 2:
        raise InputError(
            f"{path} has one band; VV and VH are needed.",
            remedy="Merge both polarisations: `gdal_merge.py -separate -o scene.tif vv.tif vh.tif`.",
        )
    names = [(text or "").strip() for text in dataset.descriptions]
    if any(names):
        found = {name.upper(): index for index, name in enumerate(names, start=1)}
        # SNAP writes Sigma0_VV_db and the like.
        order = {
            band: next((i for name, i in found.items() if re.search(rf"(?:^|_){band}(?:_|$)", name)), 0)
            for band in S1_BANDS
        }
        missing = [band for band, index in order.items() if not index]
        if missing:
            raise InputError(
                f"{path} has the bands {', '.join(name or '(unnamed)' for name in names)}; "
                f"{' and '.join(missing)} is missing.",
                remedy="Name the bands VV and VH, or remove the names to have the first two taken as VV, VH.",
            )
        return order, ()
    note = f"The bands have no names; the first of {dataset.count} was taken as VV and the second as VH."
    return {"VV": 1, "VH": 2}, (note,)


def _check_window(window: Window, grid: Grid, path: Path) -> None:
    inside = (
        window.row >= 0
        and window.col >= 0
        and window.height > 0
        and window.width > 0
        and window.row + window.height <= grid.height
        and window.col + window.width <= grid.width
    )
    if not inside:
        raise InputError(
            f"{tuple(window)} reaches outside {path.name}, which has {grid.height} x {grid.width} pixels.",
            remedy="A window is (row, col, height, width) in pixels.",
        )


def _read_bands(dataset: Any, order: Mapping[str, int], part: Window) -> dict[str, NDArray[np.float32]]:
    from rasterio.windows import Window as RasterWindow

    where = RasterWindow(part.col, part.row, part.width, part.height)
    bands: dict[str, NDArray[np.float32]] = {}
    for band, index in order.items():
        raw = dataset.read(index, window=where)
        masked = ~np.isfinite(raw) | (raw == FILL)
        nodata = dataset.nodatavals[index - 1]
        if nodata is not None and not np.isnan(nodata):
            masked |= raw == np.asarray(nodata).astype(raw.dtype)
        values = raw.astype(np.float32)
        scale, offset = dataset.scales[index - 1], dataset.offsets[index - 1]
        if (scale, offset) != (1.0, 0.0):
            values = values * np.float32(scale) + np.float32(offset)
        values[masked] = np.nan
        bands[band] = values
    if all(dataset.nodatavals[index - 1] is None for index in order.values()):
        empty = np.logical_and.reduce([values == 0 for values in bands.values()])
        for values in bands.values():
            values[empty] = np.nan
    return bands


def _check_values(bands: Mapping[str, NDArray[np.float32]], path: Path, *, assumed_order: bool) -> None:
    medians: dict[str, float] = {}
    for band, values in bands.items():
        valid = values[np.isfinite(values)]
        if valid.size == 0:
            raise InputError(
                f"{path} has no valid pixel in {band}.",
                remedy="The scene does not cover this place; choose another one.",
            )
        medians[band] = float(np.median(valid))
        low, high = float(valid.min()), float(valid.max())
        if low >= 0:
            raise UnitsError(
                f"{path}: {band} runs from {low:.4g} to {high:.4g} and is never negative; that is linear "
                "power or digital numbers, not dB.",
                remedy="Convert calibrated sigma0 with 10*log10(power) first.",
            )
        if not MEDIAN_RANGE_DB[0] <= medians[band] <= MEDIAN_RANGE_DB[1]:
            raise UnitsError(
                f"{path}: the median of {band} is {medians[band]:.4g}; sigma0 in dB has its median between "
                f"{MEDIAN_RANGE_DB[0]:g} and {MEDIAN_RANGE_DB[1]:g}.",
                remedy="Give calibrated sigma0 in dB (not scaled integers or raw amplitudes).",
            )
    if assumed_order and medians["VH"] > medians["VV"]:
        raise InputError(
            f"{path}: the bands have no names and the second (median {medians['VH']:.1f} dB) is brighter "
            f"than the first ({medians['VV']:.1f} dB), but VH is always darker than VV over a scene.",
            remedy="Name the bands VV and VH.",
        )


def _scene_ids(texts: list[str]) -> tuple[tuple[str, ...], datetime | None]:
    found = {match[0]: match[1] for text in texts for match in _SCENE_ID.finditer(text)}
    times = sorted(datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) for stamp in found.values())
    return tuple(sorted(found)), times[0] if times else None


def _provenance(path: Path, tags: Mapping[str, str]) -> Provenance:
    # The name, not the path: a product must not tell where on a machine its input lay.
    own = Provenance(files=(path.name,))
    text = tags.get(PROVENANCE_TAG)
    if text:
        try:
            own = own.merged(Provenance.from_dict(json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorruptFileError(
                f"{path}: the tag {PROVENANCE_TAG} is not a provenance ({error!r}).",
                remedy="Export the scene again.",
            ) from error
    if tags.get(SIMULATED_TAG, "").lower() == "true" and not own.simulated:
        own = own.merged(Provenance(assets=(AssetUse(f"file:{path.name}", simulated=True),)))
    return own
