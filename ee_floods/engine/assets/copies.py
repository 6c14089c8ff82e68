"""Assets made at once from what is there: copies of mounted and simulated ones, COG-backed images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.assets.bandfiles import band_to_dict
from ee_floods.engine.assets.created import TABLE_FILE, NewAsset
from ee_floods.engine.assets.footprints import footprint_of
from ee_floods.engine.assets.geotiff import GeoTiff, inspect
from ee_floods.engine.assets.ingest import is_marked, sources_of
from ee_floods.engine.assets.manifest import ImageManifest, band_layout
from ee_floods.engine.assets.sources import ObjectBand
from ee_floods.engine.errors import bad_request, not_found
from ee_floods.engine.records import BandRecord, ImageRecord, TableRecord
from ee_floods.engine.session import WorkerSession

__all__ = ["Made", "copy_asset", "register_image"]

_FILE = "source.tif"
_FOLDERS = ("FOLDER", "IMAGE_COLLECTION")


@dataclass(frozen=True)
class Made:
    """An asset ready to be published.

    Args:
        new: An image or a table; None for a folder.
        folder: Type and properties of a folder; None otherwise.
        assets: What it was made from.
    """

    new: NewAsset | None
    folder: tuple[str, Mapping[str, Any]] | None
    assets: tuple[AssetUse, ...]


def copy_asset(session: WorkerSession, source: str, target: str, overwrite: bool) -> Made:
    """Copy an asset that no client made.

    A mounted file is copied. The simulated world never changes, so a copy of its images holds no pixels.

    Raises:
        EngineError: 404 if there is no such asset.
    """
    session.created.check_target(target, overwrite=overwrite)
    record = session.library.asset(source)
    if record is None:
        raise not_found(source)
    uses = (AssetUse(source, record.simulated),)
    if record.type in _FOLDERS:
        return Made(None, (record.type, record.properties), uses)
    image = session.library.image(source)
    if image is not None:
        return Made(_copied_image(session, image, target, overwrite), None, uses)
    table = session.library.table(source)
    if table is None:
        raise not_found(source)
    return Made(_copied_table(session, table, target, overwrite), None, uses)


def register_image(session: WorkerSession, manifest_body: Mapping[str, Any], overwrite: bool) -> Made:
    """Make a COG-backed image: its pixels stay in the objects of the manifest.

    Raises:
        EngineError: If a tileset is not one GeoTIFF, or bands of one file differ from the manifest.
    """
    manifest = ImageManifest.parse(manifest_body)
    session.created.check_target(manifest.id, overwrite=overwrite)
    if manifest.masks:
        raise bad_request("External images do not support mask bands.")
    stored = {}
    for tileset in manifest.tilesets:
        found = sources_of(session, tileset)
        if len(found) != 1:
            raise bad_request(
                f"A tileset of an external image must have exactly one source file, received {len(found)}."
            )
        stored[tileset.id] = found[0]
    infos = {key: inspect(item.path) for key, item in stored.items()}
    bands, objects = [], []
    for wanted, key, index in band_layout(manifest, {key: info.names for key, info in infos.items()}):
        info, item = infos[key], stored[key]
        if not info.has_crs:
            raise bad_request(f"The file '{item.name}' has no coordinate reference system.")
        bands.append(BandRecord(wanted.name, info.dtypes[index], info.grid, wanted.policy))
        objects.append(
            ObjectBand(
                wanted.name, item.bucket, item.name, item.generation, index, wanted.policy, wanted.missing
            )
        )
    if not bands:
        raise bad_request("Manifest must contain at least one band.")
    simulated = manifest.simulated or any(is_marked(item) for item in stored.values())
    record = {
        "bands": [band_to_dict(band) for band in bands],
        "footprint": footprint_of(bands[0].grid),
        "source": {"objects": [item.to_dict() for item in objects]},
    }
    new = NewAsset(manifest.id, "IMAGE", manifest.properties, simulated, record, "", 0, overwrite)
    uses = tuple(AssetUse(f"gs://{item.bucket}/{item.name}", simulated) for item in stored.values())
    return Made(new, None, uses)


def _copied_image(session: WorkerSession, image: ImageRecord, target: str, overwrite: bool) -> NewAsset:
    record: dict[str, Any] = {
        "bands": [band_to_dict(band) for band in image.bands],
        "footprint": image.footprint,
    }
    folder, size = "", 0
    if isinstance(image.source, GeoTiff):
        staged = session.folder.stage()
        staged.mkdir()
        shutil.copyfile(image.source.path, staged / _FILE)
        folder, size = str(staged), (staged / _FILE).stat().st_size
        record["source"] = {"file": _FILE}
    else:
        record["source"] = {"asset": image.id}
    return NewAsset(target, "IMAGE", _own(image.properties), image.simulated, record, folder, size, overwrite)


def _copied_table(session: WorkerSession, table: TableRecord, target: str, overwrite: bool) -> NewAsset:
    staged = session.folder.stage()
    staged.mkdir()
    text = json.dumps(list(table.features))
    (staged / TABLE_FILE).write_text(text, encoding="utf-8")
    size = len(text.encode())
    return NewAsset(
        target, "TABLE", _own(table.properties), table.simulated, {}, str(staged), size, overwrite
    )


def _own(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that a copy keeps; its index is its own name."""
    return {key: value for key, value in properties.items() if key not in ("system:index", "simulated")}
