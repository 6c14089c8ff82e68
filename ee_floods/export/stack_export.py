"""Batch exports: one task writes an image's patches as TFRecords and a mixer to Cloud Storage."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ee_floods.contracts.chip import FILL, PATCH
from ee_floods.errors import CorruptFileError, GridMismatchError, InputError
from ee_floods.export.shards import MIXER_SUFFIX, SHARD_SUFFIX, LocalExport, open_export
from ee_floods.grid import Grid
from ee_floods.service.fill import filled
from ee_floods.service.ledger import Ledger, TaskRecord
from ee_floods.service.request_id import request_key
from ee_floods.service.storage import SIMULATED_KEY, Storage, StorageUri
from ee_floods.service.tasks import export_image
from ee_floods.session import current, provenance

if TYPE_CHECKING:
    import ee

__all__ = ["BatchExport", "export_image_tfrecords", "fetch_export"]

MAX_FILE_BYTES = 2**30
"""Size of a shard before compression; Earth Engine's default (guides/exporting_images, `maxFileSize`)."""
_CLAIM = "claim.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchExport:
    """An export that is on its way or done.

    Args:
        destination: Folder in storage that only this export writes to.
        grid: The grid, a whole number of patches.
        bands: Bands, in order.
        patch: Side of a patch in pixels.
        record: Its task; None if the result of an earlier run, with another ledger, is there.
    """

    destination: StorageUri
    grid: Grid
    bands: tuple[str, ...]
    patch: int
    record: TaskRecord | None


def export_image_tfrecords(
    image: ee.Image,
    grid: Grid,
    *,
    bands: Sequence[str],
    destination: str,
    description: str,
    ledger: Ledger,
    patch: int = PATCH,
    max_file_bytes: int = MAX_FILE_BYTES,
    simulated: bool | None = None,
) -> BatchExport:
    """Start the batch export of an image, unless it runs or is done; follow it with `tasks.follow`.

    Args:
        image: The image; masked pixels become the contracts' fill.
        grid: Where to compute it; a whole number of patches (`Grid.padded_to`).
        bands: Bands to export, in order.
        destination: `gs://BUCKET/FOLDER`, for this export alone.
        description: What the service shows.
        ledger: Remembers the task.
        patch: Side of a patch in pixels.
        max_file_bytes: Size of a shard before compression, bytes.
        simulated: Whether the image rests on simulated data, if that is known already; else the session is
            asked.

    Raises:
        GridMismatchError: If the grid is not a whole number of patches: Earth Engine would drop the rest.
        InputError: If another export has claimed the destination.
        ServiceError: If the service refuses.
    """
    session, storage = current(), Storage()
    if grid.height % patch or grid.width % patch:
        raise GridMismatchError(
            f"A grid of {grid.width} x {grid.height} pixels is not a whole number of patches of {patch}.",
            remedy="Pad it first with `Grid.padded_to`; Earth Engine drops patches that do not fit.",
        )
    folder = _folder(destination)
    params = _parameters(image, grid, bands, folder, patch=patch, max_file_bytes=max_file_bytes)
    marked = provenance(image).simulated if simulated is None else simulated
    claimed_before = _claim(storage, folder, params, simulated=marked)

    def arrived() -> bool:
        return any(item.uri.name.endswith(MIXER_SUFFIX) for item in storage.list(folder))

    done = BatchExport(folder, grid, tuple(bands), patch, None)
    if claimed_before and not any(item.destination == str(folder) for item in ledger.records()) and arrived():
        _log.info("%s holds this export already.", folder)
        return done
    record = export_image(
        params,
        session=session,
        ledger=ledger,
        description=description,
        destination=str(folder),
        arrived=arrived,
    )
    return BatchExport(folder, grid, tuple(bands), patch, record)


def fetch_export(export: BatchExport, folder: Path) -> LocalExport:
    """Bring a finished export's shards and mixer to a folder, and check that they belong together.

    Args:
        export: From `export_image_tfrecords`, its task followed to the end.
        folder: Where to; files of this export that are there and whole are left alone.

    Raises:
        CorruptFileError: If files are missing or damaged, or the mixer does not fit its shards.
        GridMismatchError: If the mixer is of another grid.
    """
    storage = Storage()
    folder.mkdir(parents=True, exist_ok=True)
    names = [item.uri for item in storage.list(export.destination)]
    wanted = [uri for uri in names if uri.name.endswith((SHARD_SUFFIX, MIXER_SUFFIX))]
    if not wanted:
        raise CorruptFileError(
            f"{export.destination} holds no export.", remedy="Has its task ended? Export again."
        )
    keep = {Path(uri.name).name for uri in wanted}
    for stale in (*folder.glob(f"*{SHARD_SUFFIX}"), *folder.glob(f"*{MIXER_SUFFIX}")):
        if stale.name not in keep:
            stale.unlink()
    for uri in wanted:
        storage.download(uri, folder / Path(uri.name).name)
    found = open_export(folder, export.bands, grid=export.grid)
    if found.mixer.patch != (export.patch, export.patch):
        raise CorruptFileError(
            f"{found.mixer_path} has patches of {found.mixer.patch}, expected {export.patch}.",
            remedy="The shards are of another export; give another destination.",
        )
    return found


def _folder(destination: str) -> StorageUri:
    uri = StorageUri.parse(destination)
    if not uri.name:
        raise InputError(
            f"`destination` {destination!r} is a whole bucket.",
            remedy="Give gs://BUCKET/FOLDER for this export.",
        )
    # The slash keeps `pair-1` from listing the shards of `pair-10`.
    return StorageUri(uri.bucket, uri.name.rstrip("/") + "/")


def _parameters(
    image: ee.Image,
    grid: Grid,
    bands: Sequence[str],
    folder: StorageUri,
    *,
    patch: int,
    max_file_bytes: int,
) -> dict[str, Any]:
    import ee

    task = ee.batch.Export.image.toCloudStorage(
        image=filled(image, bands),
        bucket=folder.bucket,
        fileNamePrefix=folder.name,
        **grid.ee_parameters,
        maxPixels=grid.height * grid.width,
        fileFormat="TFRecord",
        formatOptions={
            "patchDimensions": [patch, patch],
            "compressed": True,
            "maxFileSize": max_file_bytes,
            "defaultValue": FILL,
        },
    )
    params: dict[str, Any] = dict(task.config or {})
    params.pop("description", None)
    return params


def _claim(storage: Storage, folder: StorageUri, params: dict[str, Any], *, simulated: bool) -> bool:
    """Write this export's name to its folder; return whether it stood there already.

    The request id guards against a second task of the same user, the claim against one of another user.
    """
    from ee import serializer

    expression = serializer.encode(params["expression"], for_cloud_api=True)
    name = request_key({**params, "expression": expression})
    document = json.dumps({"export": name, "simulated": simulated}, sort_keys=True).encode()
    there = storage.stat(folder / _CLAIM) is not None
    try:
        storage.upload(document, folder / _CLAIM, metadata={SIMULATED_KEY: str(simulated).lower()})
    except InputError as error:
        raise InputError(
            f"{folder} exists with other content: an export of another graph, grid or bands.",
            remedy="Give the data set another name or folder, or remove what is there.",
        ) from error
    return there
