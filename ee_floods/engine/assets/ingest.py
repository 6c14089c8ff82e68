"""The tasks INGEST_IMAGE and INGEST_TABLE: files in storage become assets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.assets.bandfiles import band_to_dict, write_band
from ee_floods.engine.assets.created import TABLE_FILE, NewAsset
from ee_floods.engine.assets.footprints import footprint_of
from ee_floods.engine.assets.geotiff import inspect, is_simulated
from ee_floods.engine.assets.ids import asset_id
from ee_floods.engine.assets.manifest import (
    ImageManifest,
    ManifestBand,
    ManifestTileset,
    band_layout,
    manifest_properties,
)
from ee_floods.engine.assets.tilesets import ReadBand, read_geotiffs, read_tfrecords
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.export.product import TaskProduct
from ee_floods.engine.records import BandRecord
from ee_floods.engine.session import WorkerSession
from ee_floods.engine.storage.store import StoredObject, parse_uri
from ee_floods.grid import Grid

__all__ = ["ingest_image", "ingest_table", "is_marked", "sources_of", "stage_table"]

_RASTERS = (".tif", ".tiff", ".geotiff")
_RECORDS = (".tfrecord", ".tfrecord.gz")
_SIDECARS = (".prj", ".tfw", ".ovr", ".aux.xml", ".csvt")  # accepted and not needed


def ingest_image(session: WorkerSession, request: Mapping[str, Any], operation: str) -> TaskProduct:
    """Carry out `image:import`; the asset is staged."""
    manifest = ImageManifest.parse(request.get("imageManifest") or {})
    overwrite = bool(request.get("overwrite"))
    session.created.check_target(manifest.id, overwrite=overwrite)
    objects = {item.id: sources_of(session, item) for item in manifest.tilesets}
    simulated = manifest.simulated or any(is_marked(stored) for found in objects.values() for stored in found)
    tilesets = {item.id: _read(session, item, objects[item.id]) for item in manifest.tilesets}
    session.progress(0.5)
    names = {key: [band.name for band in read] for key, read in tilesets.items()}
    chosen = [(wanted, tilesets[key][index]) for wanted, key, index in band_layout(manifest, names)]
    _apply_masks(manifest, tilesets, chosen)
    folder = session.folder.stage()
    folder.mkdir()
    bands, size = [], 0
    for number, (wanted, read) in enumerate(chosen):
        valid = read.valid
        for missing in wanted.missing:
            valid[...] &= read.values != missing
        band = BandRecord(wanted.name, read.values.dtype.name, read.grid, wanted.policy)
        size += write_band(folder, number, band, read.values, valid)
        bands.append(band)
        session.progress(0.5 + 0.5 * (number + 1) / len(chosen))
    record = {
        "bands": [band_to_dict(band) for band in bands],
        "footprint": footprint_of(bands[0].grid),
    }
    asset = NewAsset(
        manifest.id, "IMAGE", manifest.properties, simulated, record, str(folder), size, overwrite
    )
    uses = tuple(
        AssetUse(f"gs://{stored.bucket}/{stored.name}", simulated)
        for found in objects.values()
        for stored in found
    )
    return TaskProduct(
        operation, (), asset, (f"https://code.earthengine.google.com/?asset={asset.id}",), uses
    )


def ingest_table(session: WorkerSession, request: Mapping[str, Any], operation: str) -> TaskProduct:
    """Carry out `table:import` of one GeoJSON or CSV file; the asset is staged."""
    manifest = request.get("tableManifest") or {}
    identifier, overwrite = asset_id(str(manifest.get("name") or "")), bool(request.get("overwrite"))
    session.created.check_target(identifier, overwrite=overwrite)
    uris = [str(uri) for source in manifest.get("sources") or () for uri in source.get("uris") or ()]
    stored = [session.store.get(*parse_uri(uri)) for uri in uris if not uri.endswith(_SIDECARS)]
    if len(stored) != 1:
        raise bad_request(f"A table is imported from one file, received {len(stored)}.")
    source = (manifest.get("sources") or [{}])[0]
    text = stored[0].path.read_text(encoding=str(source.get("charset") or "utf-8"))
    if stored[0].name.endswith((".geojson", ".json")):
        features = _geojson(text, stored[0].name)
    elif stored[0].name.endswith(".csv"):
        features = _csv(text, str(source.get("xColumn") or ""), str(source.get("yColumn") or ""))
    else:
        raise bad_request(f"Unsupported table source: '{stored[0].name}'. Give a .geojson or .csv file.")
    properties = manifest_properties(manifest)
    simulated = stored[0].simulated or is_simulated({"simulated": properties.pop("simulated", "")})
    return stage_table(
        session, operation, identifier, features, properties, simulated=simulated, overwrite=overwrite,
        uses=(AssetUse(f"gs://{stored[0].bucket}/{stored[0].name}", simulated),),
    )  # fmt: skip


def stage_table(
    session: WorkerSession,
    operation: str,
    identifier: str,
    features: Sequence[Mapping[str, Any]],
    properties: Mapping[str, Any],
    *,
    simulated: bool,
    overwrite: bool,
    uses: tuple[AssetUse, ...],
) -> TaskProduct:
    """Return the product of a task that makes a table asset."""
    folder = session.folder.stage()
    folder.mkdir()
    numbered = [
        {**feature, "id": str(feature.get("id", f"{number:020x}"))} for number, feature in enumerate(features)
    ]
    text = json.dumps(numbered)
    (folder / TABLE_FILE).write_text(text, encoding="utf-8")
    asset = NewAsset(
        identifier, "TABLE", properties, simulated, {}, str(folder), len(text.encode()), overwrite
    )
    uri = f"https://code.earthengine.google.com/?asset={identifier}"
    return TaskProduct(operation, (), asset, (uri,), uses)


def sources_of(session: WorkerSession, tileset: ManifestTileset) -> list[StoredObject]:
    """Return the objects of a tileset, sidecar files left out.

    Raises:
        EngineError: If one does not exist.
    """
    uris = [uri for source in tileset.sources for uri in source if not uri.endswith(_SIDECARS)]
    found = []
    for uri in uris:
        try:
            found.append(session.store.get(*parse_uri(uri)))
        except EngineError as error:
            if error.code != 404:
                raise
            raise bad_request(f"Unable to read file: '{uri}' does not exist.") from error
    if not found:
        raise bad_request("Manifest must contain at least one source URI.")
    return found


def is_marked(stored: StoredObject) -> bool:
    """Whether an object, or the GeoTIFF in it, says that it was invented."""
    return stored.simulated or (stored.name.endswith(_RASTERS) and inspect(stored.path).simulated)


def _read(session: WorkerSession, tileset: ManifestTileset, objects: list[StoredObject]) -> list[ReadBand]:
    def scratch(grid: Grid, dtype: str) -> NDArray[Any]:
        path = session.folder.stage()
        array = np.memmap(path, np.dtype(dtype), "w+", shape=grid.shape)
        path.unlink()  # the array keeps the file open; its space is freed with it
        return array

    mixers = [stored for stored in objects if stored.name.endswith(".json")]
    records = [stored for stored in objects if stored.name.endswith(_RECORDS)]
    if records or mixers:
        if len(mixers) != 1 or not records or len(mixers) + len(records) != len(objects):
            raise bad_request("A TFRecord tileset needs its records and exactly one mixer (.json).")
        return read_tfrecords(records, mixers[0], tileset.dtype, scratch)
    return read_geotiffs(objects, tileset.crs, scratch)


def _apply_masks(
    manifest: ImageManifest,
    tilesets: Mapping[str, list[ReadBand]],
    chosen: Sequence[tuple[ManifestBand, ReadBand]],
) -> None:
    """Mask each band where the last band of a mask's tileset is 0 or masked itself."""
    for mask in manifest.masks:
        read = tilesets.get(mask.tileset or next(iter(tilesets)))
        if not read:
            raise bad_request(f"A mask band names the unknown tileset '{mask.tileset}'.")
        unknown = set(mask.bands) - {wanted.name for wanted, _ in chosen}
        if unknown:
            raise bad_request(f"A mask band names the unknown band '{min(unknown)}'.")
        for wanted, band in chosen:
            if mask.bands and wanted.name not in mask.bands:
                continue
            if band.values.shape != read[-1].values.shape:
                raise bad_request(f"The mask of band '{wanted.name}' has other dimensions than the band.")
            band.valid[...] &= (read[-1].values != 0) & read[-1].valid


def _geojson(text: str, name: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
        features = document["features"] if document["type"] == "FeatureCollection" else [document]
        return [
            {
                "type": "Feature",
                "geometry": item["geometry"],
                "properties": item.get("properties") or {},
                **({"id": str(item["id"])} if "id" in item else {}),
            }
            for item in features
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"'{name}' is not GeoJSON.") from error


def _csv(text: str, x_column: str, y_column: str) -> list[dict[str, Any]]:
    """Return features of CSV rows; the place is `.geo`, or a pair of columns of coordinates."""
    features = []
    for row in csv.DictReader(io.StringIO(text)):
        names = {str(key).lower(): key for key in row}
        x = x_column or names.get("longitude") or names.get("lon")
        y = y_column or names.get("latitude") or names.get("lat")
        geometry: Any = None
        if row.get(".geo"):
            geometry = json.loads(row[".geo"])
        elif x in row and y in row:
            geometry = {"type": "Point", "coordinates": [float(row[x]), float(row[y])]}
        properties = {k: _number(v) for k, v in row.items() if k not in (".geo", "system:index")}
        feature = {"type": "Feature", "geometry": geometry, "properties": properties}
        features.append({**feature, "id": row["system:index"]} if row.get("system:index") else feature)
    return features


def _number(text: str | None) -> Any:
    try:
        return float(text or "nan") if text else text
    except ValueError:
        return text
