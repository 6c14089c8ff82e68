"""Direct exports: the same patches, shards and mixer as a batch export, read with computePixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.contracts.chip import PATCH
from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import encode_example, write_records
from ee_floods.export.shards import MIXER_SUFFIX, SHARD_SUFFIX, LocalExport, open_export
from ee_floods.grid import Grid, Window
from ee_floods.service.fill import filled
from ee_floods.service.pixels import CONCURRENCY, compute_pixels

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["export_direct", "read_filled"]


def read_filled(
    image: ee.Image, grid: Grid, bands: Sequence[str], *, concurrency: int = CONCURRENCY
) -> dict[str, NDArray[np.float32]]:
    """Return the arrays `(H, W)` by band that a batch export of the same grid holds, the fill in them."""
    return compute_pixels(filled(image, bands), grid, bands, concurrency=concurrency)


def export_direct(
    image: ee.Image,
    grid: Grid,
    folder: Path,
    *,
    bands: Sequence[str],
    patch: int = PATCH,
    concurrency: int = CONCURRENCY,
) -> LocalExport:
    """Write the patches of an image to a folder, one shard and its mixer.

    Only one row of patches is in memory at a time.

    Args:
        image: The image; masked pixels become the contracts' fill.
        grid: Where to compute it; a whole number of patches.
        folder: Where to; made if absent.
        bands: Bands, in order.
        patch: Side of a patch in pixels.
        concurrency: Requests in flight.

    Raises:
        GridMismatchError: If the grid is not a whole number of patches.
        ServiceError: If the service refuses.
    """
    mixer = Mixer(grid, (patch, patch))
    folder.mkdir(parents=True, exist_ok=True)
    shard = folder / f"00000{SHARD_SUFFIX}"
    partial = folder / f".part-00000{SHARD_SUFFIX}"
    write_records(partial, _examples(image, grid, bands, patch, concurrency))
    partial.replace(shard)
    (folder / MIXER_SUFFIX).write_text(mixer.to_json(), encoding="utf-8")
    return open_export(folder, bands, grid=grid)


def _examples(
    image: ee.Image, grid: Grid, bands: Sequence[str], patch: int, concurrency: int
) -> Iterator[bytes]:
    for row in range(0, grid.height, patch):
        strip = read_filled(
            image, grid.crop(Window(row, 0, patch, grid.width)), bands, concurrency=concurrency
        )
        for col in range(0, grid.width, patch):
            yield encode_example({band: strip[band][:, col : col + patch] for band in bands})
