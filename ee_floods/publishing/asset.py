"""A flood product as an Earth Engine asset: uploaded, imported, read back and compared."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ee_floods.contracts.product import BAND_NAMES, NODATA, PYRAMID_POLICY
from ee_floods.errors import InputError
from ee_floods.inference.product_file import read_product
from ee_floods.inference.raster import FloodRaster
from ee_floods.publishing.properties import CONTENT_KEY, asset_properties
from ee_floods.publishing.readback import check_readback
from ee_floods.service import assets
from ee_floods.service.ledger import Ledger, MemoryLedger
from ee_floods.service.storage import SIMULATED_KEY, Storage, StorageUri
from ee_floods.service.tasks import Polling, Progress, follow, submit
from ee_floods.session import Session, current

__all__ = ["PublishedAsset", "image_manifest", "publish_product"]

_TILESET = "product"
_CHUNK = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PublishedAsset:
    """An asset that holds a product.

    Args:
        asset_id: Its id.
        sha256: Of the product file it was made from.
        simulated: Whether the product is.
        unchanged: Whether it was there already.
    """

    asset_id: str
    sha256: str
    simulated: bool
    unchanged: bool

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)


def publish_product(
    path: Path,
    asset_id: str,
    *,
    bucket: str,
    overwrite: bool = False,
    allow_simulated_to_real: bool = False,
    ledger: Ledger | None = None,
    polling: Polling | None = None,
    progress: Progress | None = None,
) -> PublishedAsset:
    """Publish a product file as an image asset, and check that it reads back as the file.

    Nothing is touched if the asset holds this very product already.

    Args:
        path: The product, as `predict` writes it.
        asset_id: `projects/PROJECT/assets/FOLDER/NAME`; folders are made.
        bucket: `gs://BUCKET` or `gs://BUCKET/FOLDER` for the upload.
        overwrite: Whether an asset with other content is replaced.
        allow_simulated_to_real: Whether a simulated product may go to the real Earth Engine.
        ledger: Remembers the import task; None forgets it with this process.
        polling: How often to ask about the import.
        progress: Called after every look at it.

    Raises:
        InputError: If the asset holds other content and `overwrite` is not given, or the product is simulated
            and the session real.
        TaskFailedError: If the import fails, or the asset does not read back as the file.
    """
    session = current()
    product = read_product(path)
    simulated = product.properties.simulated
    _check_simulated(path, session, simulated=simulated, allowed=allow_simulated_to_real)
    assets.parse_asset_id(asset_id)
    sha256 = _sha256(path)
    there = assets.get(asset_id)
    held = None if there is None else str((there.get("properties") or {}).get(CONTENT_KEY, "")) or "unknown"
    if held == sha256:
        return PublishedAsset(asset_id, sha256, simulated, unchanged=True)
    if held is not None and not overwrite:
        raise InputError(
            f"{asset_id} exists with other content (SHA-256 {held}; the file's is {sha256}).",
            remedy="Give another id, or replace it with `--overwrite`.",
        )
    uri = StorageUri.parse(bucket) / f"products/{sha256}.tif"
    Storage().upload(path, uri, metadata={SIMULATED_KEY: str(simulated).lower()})
    assets.create_folders(asset_id)
    manifest = image_manifest(asset_id, uri, product, sha256)
    tasks = ledger or MemoryLedger()
    record = submit(
        {"imageManifest": manifest, "overwrite": held is not None, "replaces": held or ""},
        kind="image:import",
        start=lambda identity, _: _start(identity, manifest, overwrite=held is not None),
        session=session,
        ledger=tasks,
        description=f"publish-{asset_id.rpartition('/')[2]}",
        destination=asset_id,
        arrived=lambda: assets.properties(asset_id).get(CONTENT_KEY) == sha256,
    )
    follow([record], ledger=tasks, polling=polling, progress=progress)
    check_readback(asset_id, product.grid, product.bands)
    _log.info("Published %s.", asset_id)
    return PublishedAsset(asset_id, sha256, simulated, unchanged=False)


def image_manifest(asset_id: str, uri: StorageUri, product: FloodRaster, sha256: str) -> dict[str, Any]:
    """Return the REST `ImageManifest` that imports a product file.

    Args:
        asset_id: The asset.
        uri: Where the file is in storage.
        product: The product.
        sha256: Checksum of the file.
    """
    properties = product.properties
    manifest: dict[str, Any] = {
        "name": asset_id,
        "tilesets": [{"id": _TILESET, "sources": [{"uris": [str(uri)]}]}],
        "bands": [_band(index, name) for index, name in enumerate(BAND_NAMES)],
        "properties": asset_properties(properties.model_dump(mode="json", by_alias=True), sha256),
    }
    if properties.observed_at:
        manifest["startTime"] = properties.observed_at
    return manifest


def _band(index: int, name: str) -> Mapping[str, Any]:
    band: dict[str, Any] = {
        "id": name,
        "tilesetId": _TILESET,
        "tilesetBandIndex": index,
        "pyramidingPolicy": PYRAMID_POLICY[name],
    }
    value = NODATA[name]
    return band if value is None else {**band, "missingData": {"values": [value]}}


def _start(identity: str, manifest: Mapping[str, Any], *, overwrite: bool) -> str:
    import ee

    # The client uses the id only to decide whether to try again: it does not send it. A second import that
    # slips through so writes the same file to the same asset.
    task: dict[str, Any] = ee.data.startIngestion(identity, dict(manifest), overwrite)
    return str(task["name"])


def _check_simulated(path: Path, session: Session, *, simulated: bool, allowed: bool) -> None:
    if simulated and session.target == "earthengine" and not allowed:
        raise InputError(
            f"{path} is SIMULATED, and the session is with the real Earth Engine (project "
            f"{session.project!r}).",
            remedy="Publish it to a local engine (`--local`), or say `--allow-simulated`.",
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
