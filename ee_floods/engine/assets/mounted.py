"""Mounted folders: GeoTIFFs on this machine as images, subfolders that hold them as image collections.

Beside `NAME.tif` a file `NAME.json` may give `properties`, `startTime`, `endTime` (RFC 3339), `bands`
(a list of `{"id", "pyramidingPolicy"}` in the file's order) and `simulated`; in a folder, `collection.json`
may give `properties` and `simulated` of the collection. A folder with TIFFs in it is a collection, others are
folders.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ee_floods.engine.assets.created import rfc3339_ms
from ee_floods.engine.assets.footprints import bounds_of, footprint_of, overlaps
from ee_floods.engine.assets.geotiff import GeoTiff, inspect, is_simulated
from ee_floods.engine.assets.ids import asset_id as normal_id
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import AssetRecord, ImageRecord, TableRecord

__all__ = ["MountedAssets"]

_SUFFIXES = (".tif", ".tiff")
_COLLECTION_FILE = "collection.json"
_TABLE_SUFFIX = ".geojson"


class MountedAssets:
    """The library of one mounted folder.

    Args:
        root_id: Asset id under which it appears, such as `projects/local/assets/mine`.
        folder: The folder. Links that lead out of it are not followed.
    """

    def __init__(self, root_id: str, folder: Path) -> None:
        self._root_id, self._folder = normal_id(root_id), folder.resolve()

    def asset(self, asset_id: str) -> AssetRecord | None:
        """Return the record of an asset, or None."""
        path = self._path(asset_id)
        if path is None:
            return None
        if path.is_dir():
            return self._folder_record(asset_id, path)
        if path.suffix == _TABLE_SUFFIX:
            return AssetRecord(asset_id, "TABLE", {}, False, _changed(path))
        image = self._image(asset_id, path)
        return AssetRecord(asset_id, "IMAGE", image.properties, image.simulated, _changed(path))

    def image(self, asset_id: str) -> ImageRecord | None:
        """Return an image, or None."""
        path = self._path(asset_id)
        return None if path is None or path.suffix not in _SUFFIXES else self._image(asset_id, path)

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
        if path is None or not path.is_dir() or not _rasters(path):
            return None
        images = (self._image(f"{asset_id}/{raster.stem}", raster) for raster in _rasters(path))
        return [
            image
            for image in images
            if overlaps(bounds_of(image.footprint), bounds)
            and _within(image.properties.get("system:time_start"), start_ms, end_ms)
        ]

    def table(self, asset_id: str) -> TableRecord | None:
        """Return a GeoJSON file as a table, or None."""
        path = self._path(asset_id)
        if path is None or path.suffix != _TABLE_SUFFIX:
            return None
        document = _json(path)
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
        if path is None or not path.is_dir():
            return []
        entries = [
            entry for entry in path.iterdir() if entry.is_dir() or entry.suffix in (*_SUFFIXES, _TABLE_SUFFIX)
        ]
        names = sorted({entry.stem if entry.is_file() else entry.name for entry in entries})
        records = (self.asset(f"{parent_id}/{name}") for name in names)
        return [record for record in records if record is not None]

    def _path(self, asset_id: str) -> Path | None:
        """Return the file or folder of an asset; None if it is absent or outside the mounted folder."""
        if asset_id != self._root_id and not asset_id.startswith(self._root_id + "/"):
            return None
        relative = asset_id[len(self._root_id) :].strip("/")
        candidate = self._folder / relative
        for path in (candidate, *(Path(f"{candidate}{suffix}") for suffix in (*_SUFFIXES, _TABLE_SUFFIX))):
            if path.exists() and (path.is_dir() or path.suffix in (*_SUFFIXES, _TABLE_SUFFIX)):
                resolved = path.resolve()
                inside = resolved == self._folder or self._folder in resolved.parents
                if inside and (path.is_dir() or path != candidate):
                    return resolved
        return None

    def _folder_record(self, asset_id: str, path: Path) -> AssetRecord:
        document = _json(path / _COLLECTION_FILE)
        properties = dict(document.get("properties") or {})
        simulated = is_simulated({**properties, "simulated": document.get("simulated", "")})
        kind = "IMAGE_COLLECTION" if _rasters(path) or document else "FOLDER"
        return AssetRecord(asset_id, kind, properties, simulated, _changed(path))

    def _image(self, asset_id: str, path: Path) -> ImageRecord:
        info = inspect(path)
        document = _json(path.with_suffix(".json"))
        listed = document.get("bands") or [{} for _ in info.names]
        if len(listed) != len(info.names):
            raise bad_request(
                f"'{path.stem}.json' lists {len(listed)} bands, the file has {len(info.names)}."
            )
        names = tuple(str(band.get("id") or name) for band, name in zip(listed, info.names, strict=True))
        policies = tuple(str(band.get("pyramidingPolicy") or "MEAN").upper() for band in listed)
        properties = dict(document.get("properties") or {})
        for key, name in (("startTime", "system:time_start"), ("endTime", "system:time_end")):
            if document.get(key):
                properties[name] = rfc3339_ms(str(document[key]))
        parent = self._path(asset_id.rpartition("/")[0])
        of_folder = _json(parent / _COLLECTION_FILE) if parent is not None else {}
        simulated = (
            info.simulated
            or is_simulated({**properties, "simulated": document.get("simulated", "")})
            or is_simulated({"simulated": of_folder.get("simulated", "")})
        )
        source = GeoTiff(path, names, policies)
        return ImageRecord(asset_id, source.records(), properties, footprint_of(info.grid), simulated, source)


def _rasters(path: Path) -> list[Path]:
    found = (entry for entry in path.iterdir() if entry.suffix in _SUFFIXES and entry.is_file())
    return sorted(found, key=lambda entry: entry.stem)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise bad_request(f"'{path.name}' is not JSON ({error}).") from error
    return document if isinstance(document, dict) else {}


def _within(time_ms: Any, start_ms: float | None, end_ms: float | None) -> bool:
    if time_ms is None:
        return True
    return (start_ms is None or time_ms >= start_ms) and (end_ms is None or time_ms < end_ms)


def _changed(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
