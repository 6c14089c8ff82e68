"""The SQLite database of a state folder: schema, connections, transactions.

Write-ahead logging lets the worker processes read while the server writes. `synchronous=FULL` makes a commit
survive `kill -9` and a power cut; an engine commits a few times per task, so the cost is not seen.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["Database", "now_us", "timestamp"]

_BUSY_SECONDS = 30.0  # how long a writer waits for another one; commits take milliseconds
_CACHE_KIB = 512  # of each connection; a server has one for each of some forty threads

_SCHEMA = """
CREATE TABLE IF NOT EXISTS assets (
    id TEXT PRIMARY KEY, parent TEXT NOT NULL, type TEXT NOT NULL, properties TEXT NOT NULL,
    simulated INTEGER NOT NULL, update_time INTEGER NOT NULL, start_ms REAL, end_ms REAL,
    west REAL, south REAL, east REAL, north REAL,
    record TEXT, folder TEXT, size_bytes INTEGER NOT NULL DEFAULT 0, policy TEXT
);
CREATE INDEX IF NOT EXISTS assets_by_parent ON assets (parent, id);
CREATE TABLE IF NOT EXISTS operations (
    id TEXT PRIMARY KEY, sequence INTEGER NOT NULL UNIQUE, project TEXT NOT NULL, request_id TEXT UNIQUE,
    kind TEXT NOT NULL, request TEXT NOT NULL, description TEXT NOT NULL, priority INTEGER NOT NULL,
    state TEXT NOT NULL, progress REAL NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
    create_time INTEGER NOT NULL, start_time INTEGER, update_time INTEGER NOT NULL, end_time INTEGER,
    error_code INTEGER, error_message TEXT, destination_uris TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS operations_by_state ON operations (state, priority, sequence);
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, create_time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, metageneration INTEGER NOT NULL,
    size INTEGER NOT NULL, md5 TEXT NOT NULL, crc32c TEXT NOT NULL, content_type TEXT NOT NULL,
    metadata TEXT NOT NULL, file TEXT NOT NULL, create_time INTEGER NOT NULL, update_time INTEGER NOT NULL,
    PRIMARY KEY (bucket, name)
);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL, content_type TEXT NOT NULL,
    metadata TEXT NOT NULL, conditions TEXT NOT NULL, file TEXT NOT NULL, create_time INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS renders (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, request TEXT NOT NULL, create_time INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS reads (
    time INTEGER NOT NULL, method TEXT NOT NULL, asset_id TEXT NOT NULL, simulated INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS reads_by_time ON reads (time);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Database:
    """Connections to one SQLite file, one per thread.

    Args:
        path: The file; its folder exists.
        lasting: Whether a commit waits until it is on the disk. Without, a power cut may take the last ones,
            a killed process none.
    """

    def __init__(self, path: Path, *, lasting: bool = True) -> None:
        self.path = path
        self._synchronous = "FULL" if lasting else "NORMAL"
        self._local = threading.local()
        self.connection.executescript(_SCHEMA)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA journal_mode=WAL")
            found.execute(f"PRAGMA synchronous={self._synchronous}")
            found.execute("PRAGMA foreign_keys=ON")
            found.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            self._local.connection = found
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for a block: all of it is kept, or none; nested blocks join the outer one."""
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def rows(self, query: str, parameters: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self.connection.execute(query, parameters).fetchall()

    def row(self, query: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None = self.connection.execute(query, parameters).fetchone()
        return found

    def setting(self, name: str) -> str | None:
        """Return a stored setting, or None."""
        row = self.row("SELECT value FROM settings WHERE name = ?", (name,))
        return None if row is None else str(row["value"])

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))


def now_us() -> int:
    """Return the time in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def timestamp(microseconds: int) -> str:
    """Return RFC 3339 text of a time in microseconds since 1970 UTC, as the service writes it."""
    moment = datetime.fromtimestamp(microseconds / 1e6, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
