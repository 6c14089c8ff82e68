"""Writing an image's pixels to staged files: GeoTIFFs and TFRecord shards, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import encode_example, write_records
from ee_floods.engine.array_pixels import is_packed, unpacked
from ee_floods.engine.errors import bad_request
from ee_floods.engine.evaluator import TILE, BandInfo, EvaluatedImage
from ee_floods.engine.export.encode import GEOTIFF_TYPES
from ee_floods.engine.export.product import StagedObject
from ee_floods.engine.export.request import FileTarget, GeoTiffOptions, TFRecordOptions
from ee_floods.engine.records import Raster
from ee_floods.engine.session import WorkerSession
from ee_floods.engine.storage.store import digest_file
from ee_floods.grid import Grid, Window

__all__ = ["check_types", "write_geotiffs", "write_tfrecords"]

_BLOCK = 1024  # pixels; a block of 22 float32 bands with masks is some 180 MB
_LARGEST_FILE = 32768  # pixels a side of one GeoTIFF; larger exports are cut, as the service does
_MEDIA_TIFF, _MEDIA_RECORDS = "image/tiff", "application/octet-stream"


def check_types(bands: Sequence[BandInfo]) -> np.dtype[Any]:
    """Return the one type that all bands have in a file.

    Raises:
        EngineError: If they differ, in the service's words.
    """
    names = [GEOTIFF_TYPES.get(band.dtype, "Float64") for band in bands]
    other = next((name for name in names if name != names[0]), None)
    if other is not None:
        raise bad_request(
            "Exported bands must have compatible data types; found inconsistent types: "
            f"{names[0]} and {other}."
        )
    dtype = bands[0].dtype
    return np.dtype(dtype if dtype in GEOTIFF_TYPES else "float64")


def write_geotiffs(
    session: WorkerSession, image: EvaluatedImage, grid: Grid, target: FileTarget, options: GeoTiffOptions
) -> list[StagedObject]:
    """Write an export as GeoTIFFs.

    Masked pixels are NaN in floating bands and 0 in integer bands, or `noData` where that is given.

    Returns:
        `PREFIX.tif`, or `PREFIX-ROW-COLUMN.tif` for each file of a large export.
    """
    dtype = check_types(image.bands)
    width, height = options.tile or (_LARGEST_FILE, _LARGEST_FILE)
    single = grid.width <= width and grid.height <= height
    pieces = [
        Window(row, col, min(height, grid.height - row), min(width, grid.width - col))
        for row in range(0, grid.height, height)
        for col in range(0, grid.width, width)
    ]
    done = []
    for number, piece in enumerate(pieces):
        name = f"{target.prefix}.tif"
        if not single:
            name = f"{target.prefix}-{piece.row:010d}-{piece.col:010d}.tif"
        path = session.folder.stage()

        def report(fraction: float, before: int = number) -> None:
            session.progress((before + fraction) / len(pieces))

        valid = _write_geotiff(path, image, grid.crop(piece), dtype, options, report)
        if valid or not options.skip_empty:
            done.append(StagedObject(target.bucket, name, str(path), _MEDIA_TIFF, digest_file(path)))
    return done


def _write_geotiff(
    path: Path, image: EvaluatedImage, grid: Grid, dtype: np.dtype[Any], options: GeoTiffOptions, report: Any
) -> bool:
    """Write one file; return whether any pixel of it is valid."""
    import rasterio
    import rasterio.shutil
    from affine import Affine
    from rasterio.windows import Window as FileWindow

    floating = dtype.kind == "f"
    nodata = options.nodata if options.nodata is not None else (float("nan") if floating else None)
    fill = np.array(0 if nodata is None else nodata).astype(dtype)
    plain = path.with_suffix(".part") if options.cloud_optimized else path
    any_valid = False
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        height=grid.height,
        width=grid.width,
        count=len(image.bands),
        dtype=dtype,
        crs=grid.crs,
        transform=Affine(*grid.transform),
        nodata=nodata,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="lzw",
        bigtiff="if_safer",
    ) as dataset:
        blocks = list(_blocks(grid, _BLOCK, _BLOCK))
        for done, block in enumerate(blocks, 1):
            for number, raster in enumerate(image.read(grid.crop(block)), 1):
                valid = raster.mask > 0
                any_valid = any_valid or bool(valid.any())
                values = np.where(valid, raster.values.astype(dtype), fill)
                dataset.write(
                    values, number, window=FileWindow(block.col, block.row, block.width, block.height)
                )
            report(done / len(blocks))
        for number, band in enumerate(image.bands, 1):
            dataset.set_band_description(number, band.name)
        if any(use.simulated for use in image.assets):
            dataset.update_tags(simulated="true")
    if options.cloud_optimized:
        rasterio.shutil.copy(plain, path, driver="COG", compress="DEFLATE", overview_resampling="nearest")
        plain.unlink()
    return any_valid


def write_tfrecords(
    session: WorkerSession, image: EvaluatedImage, grid: Grid, target: FileTarget, options: TFRecordOptions
) -> list[StagedObject]:
    """Write an export as TFRecord shards and, unless patches may be dropped for their masks, a mixer.

    Patches that do not fit the grid at its right and bottom edges are dropped.

    Raises:
        EngineError: If the bands differ in type, or not one patch fits.
    """
    unknown = set(options.depths) - {band.name for band in image.bands}
    if unknown:
        raise bad_request(f"tensorDepths names the unknown band '{min(unknown)}'.")
    check_types(image.bands)
    height, width = options.patch
    whole = (grid.height // height * height, grid.width // width * width)
    if not all(whole):
        raise bad_request(
            f"The export of {grid.width}x{grid.height} pixels is smaller than one patch of {width}x{height}."
        )
    grid = Grid(grid.crs, grid.transform, whole)
    suffix = ".tfrecord.gz" if options.compress else ".tfrecord"
    payloads = _Shards(_examples(session, image, grid, options), options.shard_bytes)
    done: list[StagedObject] = []
    while (shard := payloads.next_shard()) is not None:
        # The codec decides by the name whether to compress.
        path = session.folder.stage(suffix)
        write_records(path, shard)
        name = f"{target.prefix}-{len(done):05d}{suffix}"
        done.append(StagedObject(target.bucket, name, str(path), _MEDIA_RECORDS, digest_file(path)))
    if options.max_masked == 1:
        path = session.folder.stage()
        path.write_text(Mixer(grid, options.patch).to_json(), encoding="utf-8")
        name = f"{target.prefix}-mixer.json"
        done.append(StagedObject(target.bucket, name, str(path), "text/json", digest_file(path)))
    return done


class _Shards:
    """Cuts a stream of payloads into shards of at most so many bytes, at least one payload each."""

    def __init__(self, payloads: Iterator[bytes], limit: int) -> None:
        self._payloads, self._limit = payloads, limit
        self._ahead: bytes | None = None
        self._first = True

    def next_shard(self) -> Iterator[bytes] | None:
        """Return the payloads of the next shard, None at the end; read each shard before asking again."""
        if self._ahead is None:
            self._ahead = next(self._payloads, None)
        if self._ahead is None and not self._first:
            return None
        self._first = False  # an export whose patches are all dropped still has one, empty, shard
        return self._take()

    def _take(self) -> Iterator[bytes]:
        size = 0
        while self._ahead is not None:
            size += len(self._ahead) + 16  # length and two checksums of the frame
            if size > self._limit and size != len(self._ahead) + 16:
                return
            yield self._ahead
            self._ahead = next(self._payloads, None)


def _examples(
    session: WorkerSession, image: EvaluatedImage, grid: Grid, options: TFRecordOptions
) -> Iterator[bytes]:
    """Yield one Example per patch, row-major, reading several patches of a row at once."""
    height, width = options.patch
    above, left = options.margin
    arrays = any(band.info["data_type"].get("dimensions") for band in image.bands)
    per_block = max(1, (TILE - 2 * left if arrays else _BLOCK) // width)
    blocks = list(_blocks(grid, height, per_block * width))
    names = [band.name for band in image.bands]
    for done, block in enumerate(blocks, 1):
        window = Window(block.row - above, block.col - left, block.height + 2 * above, block.width + 2 * left)
        rasters = image.read(grid.crop(window))
        for col in range(0, block.width, width):
            place = (slice(0, window.height), slice(col, col + width + 2 * left))
            patch = [Raster(raster.values[place], raster.mask[place]) for raster in rasters]
            masked = np.logical_or.reduce([raster.mask < 1 for raster in patch])
            if float(masked.mean()) > options.max_masked:
                continue
            yield encode_example(_features(names, patch, options))
        session.progress(done / len(blocks))


def _features(
    names: Sequence[str], patch: Sequence[Raster], options: TFRecordOptions
) -> dict[str, NDArray[np.float32]]:
    filled = [
        _filled(raster, options.default)
        if raster.values.ndim == 2 and not is_packed(raster.values)
        else _tensor(name, raster, options)
        for name, raster in zip(names, patch, strict=True)
    ]
    if options.collapse:
        stacked = [item[None] if item.ndim == 2 else item for item in filled]
        return {names[0]: np.concatenate(stacked)}  # (bands, H, W), the documented order
    return dict(zip(names, filled, strict=True))


def _filled(raster: Raster, default: float) -> NDArray[np.float32]:
    """Return float32 values with the default where a pixel is partly or wholly masked."""
    value = default
    if raster.values.dtype.kind in "iu":
        # Documented: the fraction is dropped and the value clamped to the range of the band's type.
        info = np.iinfo(raster.values.dtype.name)
        value = float(min(max(int(default), info.min), info.max))
    return np.where(raster.mask >= 1, raster.values, value).astype(np.float32)


def _tensor(name: str, raster: Raster, options: TFRecordOptions) -> NDArray[np.float32]:
    """Return `(depth, H, W)` of array pixels: cut off, or filled with the default, to the depth asked for."""
    depth = options.depths.get(name)
    if depth is None:
        raise bad_request(f"Band '{name}' has array pixels: tensorDepths must give its depth.")
    cells, lengths = unpacked(raster.values)
    height, width = raster.mask.shape
    inner = np.indices(cells.shape[2:]).reshape(lengths.shape[-1], -1)  # (d, n): where each number lies
    given = (inner < lengths[..., None]).all(axis=2) & (raster.mask >= 1)[..., None]  # (H, W, n)
    taken = min(depth, given.shape[-1])
    values = np.zeros((height, width, depth), cells.dtype)
    valid = np.zeros(values.shape, np.float32)
    values[..., :taken] = cells.reshape(height, width, -1)[..., :taken]
    valid[..., :taken] = given[..., :taken]
    return np.ascontiguousarray(np.moveaxis(_filled(Raster(values, valid), options.default), -1, 0))


def _blocks(grid: Grid, height: int, width: int) -> Iterator[Window]:
    for row in range(0, grid.height, height):
        for col in range(0, grid.width, width):
            yield Window(row, col, min(height, grid.height - row), min(width, grid.width - col))
