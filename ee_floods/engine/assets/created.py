"""Created assets: folders, collections, images and tables that clients made, kept in the state folder."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ee_floods.engine.assets.ids import check_new_id, is_root, parent_id
from ee_floods.engine.assets.rows import insert_row, row_asset, row_properties
from ee_floods.engine.assets.times import rfc3339_ms
from ee_floods.engine.errors import EngineError, bad_request, not_found
from ee_floods.engine.records import AssetRecord, ImageRecord, Library, TableRecord
from ee_floods.engine.state.database import Database, now_us
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.storage.store import ObjectStore

__all__ = ["TABLE_FILE", "CreatedAssets", "NewAsset"]

TABLE_FILE = "features.json"
_FOLDER_TYPES = ("FOLDER", "IMAGE_COLLECTION")


@dataclass(frozen=True)
class NewAsset:
    """An asset that a task has made, ready to be made visible.

    Args:
        id: Its id.
        type: IMAGE or TABLE.
        properties: Its properties, `system:time_start` among them.
        simulated: Whether anything in it was invented.
        record: JSON-able; for an image `bands`, `footprint` and `source` (see `sources`).
        folder: Staged folder with its files; empty for an image whose pixels are elsewhere.
        size_bytes: Bytes of those files.
        overwrite: Whether it may replace an asset.
    """

    id: str
    type: str
    properties: Mapping[str, Any]
    simulated: bool
    record: Mapping[str, Any]
    folder: str
    size_bytes: int
    overwrite: bool


class CreatedAssets:
    """The library of created assets, and what changes them.

    Args:
        database: The state folder's database.
        folder: The state folder.
        project: Project whose root folder exists from the start.
        unchanging: Library that copies may refer to instead of holding pixels.
    """

    def __init__(
        self,
        database: Database,
        folder: StateFolder,
        project: str,
        unchanging: Library | None = None,
    ) -> None:
        self._database, self._folder, self._unchanging = database, folder, unchanging
        self._root = f"projects/{project}/assets"

    # --- Library ---

    def asset(self, asset_id: str) -> AssetRecord | None:
        """Return the record of an asset, or None."""
        row = self._row(asset_id)
        if row is not None:
            return row_asset(row)
        return AssetRecord(asset_id, "FOLDER") if is_root(asset_id) else None

    def image(self, asset_id: str) -> ImageRecord | None:
        """Return an image, or None."""
        row = self._row(asset_id)
        return None if row is None or row["type"] != "IMAGE" else self._image(row)

    def collection(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
    ) -> Iterable[ImageRecord] | None:
        """Return the images of a collection in order of id, or None."""
        row = self._row(asset_id)
        if row is None or row["type"] != "IMAGE_COLLECTION":
            return None
        query, parameters = "SELECT * FROM assets WHERE parent = ? AND type = 'IMAGE'", [asset_id]
        clauses: list[tuple[str, float | None]] = [("start_ms >= ?", start_ms), ("start_ms < ?", end_ms)]
        if bounds is not None:
            west, south, east, north = bounds
            clauses += [
                ("east >= ?", west),
                ("west <= ?", east),
                ("north >= ?", south),
                ("south <= ?", north),
            ]
        values: list[Any] = list(parameters)
        for clause, value in clauses:
            if value is not None:
                column = clause.split(" ")[0]
                query += f" AND ({column} IS NULL OR {clause})"
                values.append(value)
        rows = self._database.rows(query + " ORDER BY id", tuple(values))
        return [self._image(found) for found in rows]

    def table(self, asset_id: str) -> TableRecord | None:
        """Return a table, or None."""
        row = self._row(asset_id)
        if row is None or row["type"] != "TABLE":
            return None
        path = self._folder.assets / row["folder"] / TABLE_FILE
        features = json.loads(path.read_text(encoding="utf-8"))
        return TableRecord(asset_id, features, row_properties(row), bool(row["simulated"]))

    def children(self, parent_id: str) -> Iterable[AssetRecord]:
        """Return the assets directly in a folder or collection, in order of id."""
        rows = self._database.rows("SELECT * FROM assets WHERE parent = ? ORDER BY id", (parent_id,))
        return [row_asset(row) for row in rows]

    # --- Changes ---

    def check_target(self, asset_id: str, *, overwrite: bool) -> None:
        """Raise unless an asset may be created here: a legal id, an existing parent, nothing in its place."""
        check_new_id(asset_id)
        self._check_parent(asset_id)
        row = self._row(asset_id)
        if row is not None and not overwrite:
            raise EngineError(f"Cannot overwrite asset '{asset_id}'.", 409)
        if row is not None and row["type"] in _FOLDER_TYPES:
            raise bad_request(f"Cannot overwrite asset '{asset_id}': it is a {row['type'].lower()}.")

    def make_folder(self, asset_id: str, type_: str, properties: Mapping[str, Any]) -> None:
        """Create a folder or an image collection."""
        if type_ not in _FOLDER_TYPES:
            raise bad_request(
                f"Unsupported asset type '{type_}': create images and tables by export or import."
            )
        self.check_target(asset_id, overwrite=False)
        with self._database.transaction() as connection:
            self.check_target(asset_id, overwrite=False)
            insert_row(connection, asset_id, type_, properties, simulated=False)

    def publish(self, new: NewAsset, *, replaced: list[Path] | None = None) -> None:
        """Make a finished image or table visible.

        Args:
            new: The asset.
            replaced: Takes the folder of a replaced asset, for a caller whose own transaction goes on; by
                default that folder is deleted here.
        """
        with self._database.transaction() as connection:
            self.check_target(new.id, overwrite=new.overwrite)
            old = self._row(new.id)
            folder = self._folder.assets / Path(new.folder).name if new.folder else None
            if folder is not None:
                Path(new.folder).rename(folder)
            connection.execute("DELETE FROM assets WHERE id = ?", (new.id,))
            insert_row(
                connection,
                new.id,
                new.type,
                new.properties,
                simulated=new.simulated,
                record=new.record,
                folder=None if folder is None else folder.name,
                size_bytes=new.size_bytes,
            )
        if old is not None and old["folder"]:
            path = self._folder.assets / old["folder"]
            if replaced is not None:
                replaced.append(path)
            else:
                shutil.rmtree(path, ignore_errors=True)

    def update(self, asset_id: str, changes: Mapping[str, Any], paths: Sequence[str]) -> None:
        """Change properties and times; see `ee.data.updateAsset` for the mask."""
        with self._database.transaction() as connection:
            row = self._require(asset_id)
            properties = json.loads(row["properties"])
            given = dict(changes.get("properties") or {})
            for path in paths or ("properties", "start_time", "end_time"):
                name = path.partition(".")[2].strip('"')
                if path == "properties":
                    kept = {k: v for k, v in properties.items() if k.startswith("system:time_")}
                    properties = kept | given
                elif path.startswith("properties."):
                    properties.pop(name, None)
                    if given.get(name) is not None:
                        properties[name] = given[name]
                elif path in ("start_time", "end_time", "startTime", "endTime"):
                    key = "startTime" if path in ("start_time", "startTime") else "endTime"
                    snake = "start_time" if key == "startTime" else "end_time"
                    value = changes.get(key, changes.get(snake))
                    if value is not None or paths:
                        properties.pop(f"system:time_{snake[:-5]}", None)
                    if value is not None:
                        properties[f"system:time_{snake[:-5]}"] = rfc3339_ms(str(value))
                else:
                    raise bad_request(f"Unsupported update mask path: '{path}'.")
            if bool(row["simulated"]):
                properties.pop("simulated", None)  # the mark is the engine's; clients cannot take it off
            connection.execute(
                "UPDATE assets SET properties = ?, start_ms = ?, end_ms = ?, update_time = ? WHERE id = ?",
                (
                    json.dumps(properties),
                    properties.get("system:time_start"),
                    properties.get("system:time_end"),
                    now_us(),
                    asset_id,
                ),
            )

    def delete(self, asset_id: str) -> None:
        """Delete an asset; a folder or collection must be empty."""
        with self._database.transaction() as connection:
            row = self._require(asset_id)
            if self._database.row("SELECT 1 FROM assets WHERE parent = ? LIMIT 1", (asset_id,)) is not None:
                raise bad_request(
                    f"Cannot delete asset '{asset_id}' because it has children. Delete all children first."
                )
            connection.execute("DELETE FROM assets WHERE id = ?", (asset_id,))
        if row["folder"]:
            shutil.rmtree(self._folder.assets / row["folder"], ignore_errors=True)

    def copy(self, source: str, target: str, *, overwrite: bool) -> None:
        """Copy an image, a table, or an empty folder or collection."""
        row = self._require(source)
        if row["type"] in _FOLDER_TYPES:
            self.make_folder(target, row["type"], json.loads(row["properties"]))
            return
        staged = ""
        if row["folder"]:
            copied = self._folder.staging / uuid.uuid4().hex
            shutil.copytree(self._folder.assets / row["folder"], copied)
            staged = str(copied)
        self.publish(
            NewAsset(
                target,
                row["type"],
                json.loads(row["properties"]),
                bool(row["simulated"]),
                json.loads(row["record"] or "{}"),
                staged,
                row["size_bytes"],
                overwrite,
            )
        )

    def move(self, source: str, target: str) -> None:
        """Rename an asset; what a folder or collection holds goes with it."""
        with self._database.transaction() as connection:
            self._require(source)
            self.check_target(target, overwrite=False)
            if target.startswith(source + "/"):
                raise bad_request(f"Cannot move '{source}' into itself.")
            rows = self._database.rows(
                "SELECT id FROM assets WHERE id = ? OR substr(id, 1, ?) = ?",
                (source, len(source) + 1, source + "/"),
            )
            for row in rows:
                new_id = target + row["id"][len(source) :]
                connection.execute(
                    "UPDATE assets SET id = ?, parent = ?, update_time = ? WHERE id = ?",
                    (new_id, parent_id(new_id), now_us(), row["id"]),
                )

    def policy(self, asset_id: str) -> dict[str, Any]:
        """Return the IAM policy of an asset."""
        row = self._row(asset_id)
        stored = row["policy"] if row is not None else None
        return json.loads(stored) if stored else {"version": 1, "etag": "ACAB", "bindings": []}

    def set_policy(self, asset_id: str, policy: Mapping[str, Any]) -> None:
        """Store the IAM policy of an asset; the engine has one user and does not apply it."""
        self._require(asset_id)
        with self._database.transaction() as connection:
            connection.execute("UPDATE assets SET policy = ? WHERE id = ?", (json.dumps(policy), asset_id))

    def usage(self, root: str) -> tuple[int, int]:
        """Return number and bytes of the assets below a root."""
        row = self._database.row(
            "SELECT count(*) AS number, coalesce(sum(size_bytes), 0) AS size FROM assets"
            " WHERE substr(id, 1, ?) = ?",
            (len(root) + 1, root + "/"),
        )
        return (int(row["number"]), int(row["size"])) if row is not None else (0, 0)

    def collect_garbage(self) -> None:
        """Delete folders that no row names: leftovers of a process that was killed between two steps."""
        known = {row["folder"] for row in self._database.rows("SELECT folder FROM assets")}
        for path in self._folder.assets.iterdir():
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)

    def _row(self, asset_id: str) -> sqlite3.Row | None:
        return self._database.row("SELECT * FROM assets WHERE id = ?", (asset_id,))

    def holds(self, asset_id: str) -> bool:
        """Whether a client made this asset, so that clients can change it."""
        return self._row(asset_id) is not None

    def _require(self, asset_id: str) -> sqlite3.Row:
        row = self._row(asset_id)
        if row is None:
            raise not_found(asset_id)
        return row

    def _check_parent(self, asset_id: str) -> None:
        parent = parent_id(asset_id)
        if is_root(parent):
            return
        row = self._row(parent)
        if row is None:
            raise EngineError(f"Asset '{parent}' does not exist or doesn't allow this operation.", 404)
        if row["type"] not in _FOLDER_TYPES:
            raise bad_request(f"Asset '{parent}' is not a folder or image collection.")

    def _image(self, row: sqlite3.Row) -> ImageRecord:
        # Imported here: the server process handles created assets without loading NumPy and GDAL.
        from ee_floods.engine.assets.sources import Places, image_of

        return image_of(
            row["id"],
            json.loads(row["record"]),
            row_properties(row),
            simulated=bool(row["simulated"]),
            folder=row["folder"],
            places=Places(self._folder.assets, ObjectStore(self._database, self._folder), self._unchanging),
        )
