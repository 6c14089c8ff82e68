"""Created assets as rows of the database: what is written when one is made, what is read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from ee_floods.engine.assets.footprints import bounds_of
from ee_floods.engine.assets.ids import parent_id
from ee_floods.engine.records import AssetRecord
from ee_floods.engine.state.database import now_us, timestamp

__all__ = ["insert_row", "row_asset", "row_properties"]


def insert_row(
    connection: sqlite3.Connection,
    asset_id: str,
    type_: str,
    properties: Mapping[str, Any],
    *,
    simulated: bool,
    record: Mapping[str, Any] | None = None,
    folder: str | None = None,
    size_bytes: int = 0,
) -> None:
    """Write the row of a new asset, its times and bounds in columns that queries can narrow by."""
    bounds = bounds_of((record or {}).get("footprint")) or (None, None, None, None)
    connection.execute(
        "INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            asset_id,
            parent_id(asset_id),
            type_,
            json.dumps(dict(properties)),
            int(simulated),
            now_us(),
            properties.get("system:time_start"),
            properties.get("system:time_end"),
            *bounds,
            None if record is None else json.dumps(record),
            folder,
            size_bytes,
        ),
    )


def row_properties(row: sqlite3.Row) -> dict[str, Any]:
    """Return the properties of an asset, the mark of simulated data among them."""
    properties: dict[str, Any] = json.loads(row["properties"])
    if row["simulated"]:
        properties["simulated"] = True
    if row["size_bytes"]:
        properties["system:asset_size"] = row["size_bytes"]
    return properties


def row_asset(row: sqlite3.Row) -> AssetRecord:
    """Return the record of an asset."""
    return AssetRecord(
        row["id"],
        row["type"],
        row_properties(row),
        bool(row["simulated"]),
        timestamp(row["update_time"]),
    )
