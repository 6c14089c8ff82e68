"""Mounted folders: GeoTIFFs on this machine as images, subfolders that hold them as image collections.

A Zarr store `NAME.zarr` is an image too; with an axis `time` it is a collection, of one image for each time.

Beside `NAME.tif` a file `NAME.json` may give `properties`, `startTime`, `endTime` (RFC 3339), `bands`
(a list of `{"id", "pyramidingPolicy"}` in the file's order) and `simulated`; in a folder, `collection.json`
may give `properties` and `simulated` of the collection. A folder with TIFFs in it is a collection, others are
folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ee_floods.engine.assets import zarrstore
from ee_floods.engine.assets.folder_index import FolderIndex, MountedFile, read_document
from ee_floods.engine.assets.footprints import overlaps
from ee_floods.engine.assets.geotiff import SUFFIXES, GeoTiff, is_simulated
from ee_floods.engine.assets.ids import asset_id as normal_id
from ee_floods.engine.assets.times import begins_within, rfc3339_ms
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import AssetRecord, ImageRecord, TableRecord

__all__ = ["MountedAssets"]

_COLLECTION_FILE = "collection.json"
_TABLE_SUFFIX = ".geojson"


class MountedAssets:
    """The library of one mounted folder.

    Args:
        root_id: Asset id under which it appears, such as `projects/local/assets/mine`.
        folder: The folder. Links that lead out of it are not followed.
        cache: Folder in which is kept what the files' headers say; None keeps it in memory.
    """

    def __init__(self, root_id: str, folder: Path, cache: Path | None = None) -> None:
        self._root_id, self._folder, self._cache = normal_id(root_id), folder.resolve(), cache
        self._indexes: dict[Path, FolderIndex] = {}

    def asset(self, asset_id: str) -> AssetRecord | None:
        """Return the record of an asset, or None."""
        path = self._path(asset_id)
        if path is None:
            step = self._step(asset_id)
            return None if step is None else AssetRecord(asset_id, "IMAGE", step.properties, step.simulated)
        if path.is_dir() and not _is_image(path):
            return self._folder_record(asset_id, path)
        if path.suffix == _TABLE_SUFFIX:
            return AssetRecord(asset_id, "TABLE", {}, False, _changed(path))
        image = self._image(asset_id, path)
        return AssetRecord(asset_id, "IMAGE", image.properties, image.simulated, _changed(path))

    def image(self, asset_id: str) -> ImageRecord | None:
        """Return an image, or None."""
        path = self._path(asset_id)
        if path is None:
            return self._step(asset_id)
        return self._image(asset_id, path) if _is_image(path) else None

    def collection(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
    ) -> Iterable[ImageRecord] | None:
        """Return the images of a folder in order of id, or None."""
        path = self._path(asset_id)
        if path is not None and path.suffix == zarrstore.SUFFIX and not _is_image(path):
            images = self._steps(asset_id, path)
            return [image for image in images if begins_within(image.properties, start_ms, end_ms)]
        if path is None or not path.is_dir() or not _has_rasters(path):
            return None
        if path not in self._indexes:
            self._indexes[path] = FolderIndex.kept_under(path, self._folder, self._cache)
        of_folder = read_document(path / _COLLECTION_FILE)
        return [
            _record(f"{asset_id}/{file.path.stem}", file, of_folder)
            for file in self._indexes[path].files()
            if overlaps(file.bounds, bounds) and begins_within(_properties(file.document), start_ms, end_ms)
        ]

    def table(self, asset_id: str) -> TableRecord | None:
        """Return a GeoJSON file as a table, or None."""
        path = self._path(asset_id)
        if path is None or path.suffix != _TABLE_SUFFIX:
            return None
        document = read_document(path)
        features = [
            {"id": str(feature.get("id", index)), **{k: v for k, v in feature.items() if k != "id"}}
            for index, feature in enumerate(document.get("features", ()))
        ]
        properties = document.get("properties") or {}
        return TableRecord(asset_id, features, properties, is_simulated(properties))

    def children(self, parent_id: str) -> Iterable[AssetRecord]:
        """Return the assets directly in a folder, in order of id."""
        if self._root_id.startswith(parent_id + "/"):
            below = self._root_id[len(parent_id) + 1 :].split("/")[0]
            identifier = f"{parent_id}/{below}"
            record = self.asset(identifier) if identifier == self._root_id else None
            return [record or AssetRecord(identifier, "FOLDER")]
        path = self._path(parent_id)
        if path is None or not path.is_dir() or _is_image(path):
            return []
        if path.suffix == zarrstore.SUFFIX:
            names = [name for name, _ in zarrstore.steps(path)]
        else:
            entries = [
                entry
                for entry in path.iterdir()
                if entry.is_dir() or entry.suffix in (*SUFFIXES, _TABLE_SUFFIX)
            ]
            whole = (entry.is_file() or zarrstore.is_store(entry) for entry in entries)
            names = sorted({e.stem if one else e.name for e, one in zip(entries, whole, strict=True)})
        records = (self.asset(f"{parent_id}/{name}") for name in names)
        return [record for record in records if record is not None]

    def _path(self, asset_id: str) -> Path | None:
        """Return the file or folder of an asset; None if it is absent or outside the mounted folder."""
        if asset_id != self._root_id and not asset_id.startswith(self._root_id + "/"):
            return None
        relative = asset_id[len(self._root_id) :].strip("/")
        candidate = self._folder / relative
        if any(zarrstore.is_store(part) for part in (candidate, *candidate.parents) if part != self._folder):
            return None  # the inside of a store is no folder of assets
        suffixes = (*SUFFIXES, _TABLE_SUFFIX, zarrstore.SUFFIX)
        for path in (candidate, *(Path(f"{candidate}{suffix}") for suffix in suffixes)):
            if path.exists() and (path.is_dir() or path.suffix in suffixes):
                resolved = path.resolve()
                inside = resolved == self._folder or self._folder in resolved.parents
                if inside and (path.is_dir() or path != candidate):
                    return resolved
        return None

    def _folder_record(self, asset_id: str, path: Path) -> AssetRecord:
        store = path.suffix == zarrstore.SUFFIX
        document = read_document(path.with_suffix(".json") if store else path / _COLLECTION_FILE)
        properties = dict(document.get("properties") or {})
        simulated = is_simulated({**properties, "simulated": document.get("simulated", "")})
        simulated = simulated or (store and zarrstore.inspect_store(path).simulated)
        kind = "IMAGE_COLLECTION" if store or _has_rasters(path) or document else "FOLDER"
        return AssetRecord(asset_id, kind, properties, simulated, _changed(path))

    def _image(self, asset_id: str, path: Path) -> ImageRecord:
        parent = self._path(asset_id.rpartition("/")[0])
        of_folder = read_document(parent / _COLLECTION_FILE) if parent is not None else {}
        return _record(asset_id, MountedFile.opened(path), of_folder)

    def _steps(self, asset_id: str, path: Path) -> list[ImageRecord]:
        """Return the images of a Zarr store with an axis `time`."""
        whole = _record(asset_id, MountedFile.opened(path), {})
        source = whole.source
        assert isinstance(source, zarrstore.ZarrImage)
        return [
            replace(
                whole,
                id=f"{asset_id}/{name}",
                properties={"system:time_start": milliseconds},
                source=replace(source, step=step),
            )
            for step, (name, milliseconds) in enumerate(zarrstore.steps(path))
        ]

    def _step(self, asset_id: str) -> ImageRecord | None:
        """Return one image of a Zarr store with an axis `time`, or None."""
        parent = asset_id.rpartition("/")[0]
        path = self._path(parent)
        if path is None or path.suffix != zarrstore.SUFFIX:
            return None
        return next((image for image in self._steps(parent, path) if image.id == asset_id), None)


def _record(asset_id: str, file: MountedFile, of_folder: Mapping[str, Any]) -> ImageRecord:
    info, document = file.info, file.document
    listed = document.get("bands") or [{} for _ in info.names]
    if len(listed) != len(info.names):
        raise bad_request(
            f"'{file.path.stem}.json' lists {len(listed)} bands, the file has {len(info.names)}."
        )
    names = tuple(str(band.get("id") or name) for band, name in zip(listed, info.names, strict=True))
    policies = tuple(str(band.get("pyramidingPolicy") or "MEAN").upper() for band in listed)
    properties = _properties(document)
    simulated = (
        info.simulated
        or is_simulated({**properties, "simulated": document.get("simulated", "")})
        or is_simulated({"simulated": of_folder.get("simulated", "")})
    )
    kind = zarrstore.ZarrImage if file.path.suffix == zarrstore.SUFFIX else GeoTiff
    source = kind(file.path, names, policies)
    return ImageRecord(asset_id, source.records(info), properties, file.footprint, simulated, source)


def _properties(document: Mapping[str, Any]) -> dict[str, Any]:
    properties = dict(document.get("properties") or {})
    for key, name in (("startTime", "system:time_start"), ("endTime", "system:time_end")):
        if document.get(key):
            properties[name] = rfc3339_ms(str(document[key]))
    return properties


def _is_image(path: Path) -> bool:
    if path.suffix == zarrstore.SUFFIX:
        return zarrstore.is_store(path) and not zarrstore.steps(path)
    return path.suffix in SUFFIXES


def _has_rasters(path: Path) -> bool:
    return any(entry.suffix in SUFFIXES and entry.is_file() for entry in path.iterdir())


def _changed(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
