"""The log of reads: which assets every answer was computed from, and whether they were simulated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.state.database import Database, now_us, timestamp

__all__ = ["Reads"]

_KEPT = 200_000  # rows; some 20 MB. Older ones go, so that a long-lived engine does not fill the disk.
_TRIM_EVERY = 20_000  # rows written between two trims


class Reads:
    """Appends to and lists the log.

    Through a connection of its own that does not wait for the disk: every answer adds to it, on the loop that
    answers all clients, and a busy disk takes 10 ms for a commit. Never inside another transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = Database(database.path, lasting=False)
        self._since_trim = 0

    def add(self, method: str, uses: Iterable[AssetUse]) -> None:
        """Write down what one answer loaded."""
        now = now_us()
        rows = [(now, method, use.id, int(use.simulated)) for use in uses]
        if not rows:
            return
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO reads VALUES (?, ?, ?, ?)", rows)
            self._since_trim += len(rows)
            if self._since_trim > _TRIM_EVERY:
                self._since_trim = 0
                connection.execute(
                    "DELETE FROM reads WHERE rowid <= (SELECT max(rowid) FROM reads) - ?", (_KEPT,)
                )

    def since(self, since_us: int = 0, limit: int = 10_000) -> Sequence[dict[str, Any]]:
        """Return the newest entries at or after a time in microseconds since 1970, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM reads WHERE time >= ? ORDER BY rowid DESC LIMIT ?", (since_us, limit)
        )
        return [
            {
                "time": timestamp(row["time"]),
                "time_us": row["time"],
                "method": row["method"],
                "asset_id": row["asset_id"],
                "simulated": bool(row["simulated"]),
            }
            for row in reversed(rows)
        ]
