"""The task EXPORT_IMAGE: pixels to files or to an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.assets.bandfiles import band_to_dict, write_band
from ee_floods.engine.assets.created import NewAsset
from ee_floods.engine.assets.footprints import footprint_of
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.evaluator import EvaluatedImage
from ee_floods.engine.export.files import write_geotiffs, write_tfrecords
from ee_floods.engine.export.grids import default_grid
from ee_floods.engine.export.product import TaskProduct
from ee_floods.engine.export.publish import DRIVE_BUCKET
from ee_floods.engine.export.request import (
    AssetTarget,
    FileTarget,
    asset_target,
    file_target,
    geotiff_options,
    max_pixels,
    tfrecord_options,
)
from ee_floods.engine.records import BandRecord
from ee_floods.engine.session import WorkerSession
from ee_floods.grid import Grid, Window

__all__ = ["check_bucket", "export_image", "kept_properties"]

_ROWS = 1024  # rows read at a time into an asset
# Facts that the service makes anew for every asset.
_MADE_ANEW = (
    "system:index",
    "system:footprint",
    "system:asset_size",
    "system:bands",
    "system:id",
    "system:version",
)


def export_image(session: WorkerSession, request: Mapping[str, Any], operation: str) -> TaskProduct:
    """Carry out `image:export`; the results are staged.

    Args:
        session: The worker's session.
        request: The body that the client sent.
        operation: Id of the operation.
    """
    image = session.batch.image(request["expression"])
    if not image.bands:
        raise bad_request("Image has no bands.")
    grid = default_grid(image)
    limit, pixels = max_pixels(request), grid.height * grid.width
    if pixels > limit:
        raise bad_request(
            f"Export too large: specified {pixels} pixels (max: {limit}). "
            "Specify higher maxPixels value if you intend to export a large area."
        )
    options = request.get("fileExportOptions")
    if options is None:
        return _to_asset(session, image, grid, asset_target(request["assetExportOptions"]), operation)
    target = file_target(options, str(request.get("description") or ""))
    check_bucket(session, target)
    file_format = str(options.get("fileFormat") or "GEO_TIFF")
    if file_format == "GEO_TIFF":
        objects = write_geotiffs(session, image, grid, target, geotiff_options(options))
    elif file_format == "TF_RECORD_IMAGE":
        objects = write_tfrecords(session, image, grid, target, tfrecord_options(options))
    else:
        raise bad_request(f"Unsupported file format: '{file_format}'.")
    return TaskProduct(operation, tuple(objects), None, (target.uri,), image.assets)


def check_bucket(session: WorkerSession, target: FileTarget) -> None:
    """Raise before hours of work if the bucket is not there."""
    if target.bucket != DRIVE_BUCKET and not session.store.has_bucket(target.bucket):
        raise EngineError(f"Unable to write to bucket {target.bucket} (permission denied).", 403)


def kept_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an image or table that an asset made of it keeps."""
    return {
        name: value
        for name, value in properties.items()
        if name not in _MADE_ANEW and isinstance(value, (str, int, float, list))
    }


def _to_asset(
    session: WorkerSession, image: EvaluatedImage, grid: Grid, target: AssetTarget, operation: str
) -> TaskProduct:
    session.created.check_target(target.id, overwrite=target.overwrite)
    folder = session.folder.stage()
    folder.mkdir()
    values = [_scratch(session, grid, info.dtype) for info in image.bands]
    valid = [_scratch(session, grid, "bool") for _ in image.bands]
    for row in range(0, grid.height, _ROWS):
        window = Window(row, 0, min(_ROWS, grid.height - row), grid.width)
        for number, raster in enumerate(image.read(grid.crop(window))):
            values[number][row : row + window.height] = raster.values
            valid[number][row : row + window.height] = raster.mask > 0
        session.progress((row + window.height) / grid.height)
    bands, size = [], 0
    for number, info in enumerate(image.bands):
        policy = target.overrides.get(info.name, target.policy)
        band = BandRecord(info.name, info.dtype, grid, policy, _range(info.info))
        size += write_band(folder, number, band, values[number], valid[number])
        bands.append(band)
    record = {"bands": [band_to_dict(band) for band in bands], "footprint": footprint_of(grid)}
    simulated = any(use.simulated for use in image.assets)
    asset = NewAsset(
        target.id,
        "IMAGE",
        kept_properties(image.properties),
        simulated,
        record,
        str(folder),
        size,
        target.overwrite,
    )
    return TaskProduct(operation, (), asset, (target.uri,), image.assets)


def _scratch(session: WorkerSession, grid: Grid, dtype: str) -> NDArray[Any]:
    """Return an array of a grid's shape that is on disk, because it may be larger than memory."""
    path = session.folder.stage()
    array = np.memmap(path, np.dtype(dtype), "w+", shape=grid.shape)
    path.unlink()  # the array keeps the file open; its space is freed with it
    return array


def _range(info: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the value range of an integer band, as the service keeps it."""
    described = info.get("data_type") or {}
    low, high = described.get("min"), described.get("max")
    if described.get("precision") != "int" or low is None or high is None:
        return None
    return low, high
