"""The ledger: which tasks were submitted, so that no second run submits one again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from ee_floods.errors import CorruptFileError

__all__ = ["ACTIVE", "FileLedger", "Ledger", "MemoryLedger", "TaskRecord", "TaskState"]

TaskState = Literal["SUBMITTING", "PENDING", "RUNNING", "CANCELLING", "SUCCEEDED", "FAILED", "CANCELLED"]
"""The service's operation states, and SUBMITTING: written down before the request leaves."""

ACTIVE: frozenset[TaskState] = frozenset({"SUBMITTING", "PENDING", "RUNNING", "CANCELLING"})


@dataclass(frozen=True)
class TaskRecord:
    """One attempt at a task.

    Args:
        key: What all attempts share; see `request_id.request_key`.
        request_id: `key` and the attempt, as the service has it.
        attempt: From 1.
        kind: `image:export` or `image:import`.
        description: What the service shows.
        target: `earthengine` or `local`.
        project: Cloud project that it runs in.
        state: Last known state.
        operation: The service's name of the task; empty until it answered.
        destination: Where its result goes, as `gs://bucket/prefix` or an asset id.
        error: The service's message, if it failed.
        updated: When the state was last seen, ISO 8601 UTC.
    """

    key: str
    request_id: str
    attempt: int
    kind: str
    description: str
    target: str
    project: str
    state: TaskState
    operation: str = ""
    destination: str = ""
    error: str = ""
    updated: str = ""

    def with_state(self, state: TaskState, *, updated: str, error: str = "") -> TaskRecord:
        """Return the record with a new state."""
        return replace(self, state=state, updated=updated, error=error)


class Ledger(Protocol):
    """Remembers tasks. Implementations survive a process that dies between two calls."""

    def find(self, key: str) -> TaskRecord | None:
        """Return the last attempt at a request, or None."""

    def record(self, record: TaskRecord) -> None:
        """Remember a record; the last one of a request id counts."""

    def records(self) -> tuple[TaskRecord, ...]:
        """Return the last record of every request id, oldest first."""


class MemoryLedger:
    """A ledger that lasts as long as its process."""

    def __init__(self) -> None:
        self._by_id: dict[str, TaskRecord] = {}

    def find(self, key: str) -> TaskRecord | None:
        """Return the last attempt at a request, or None."""
        attempts = [record for record in self._by_id.values() if record.key == key]
        return max(attempts, key=lambda record: record.attempt, default=None)

    def record(self, record: TaskRecord) -> None:
        """Remember a record."""
        self._by_id[record.request_id] = record

    def records(self) -> tuple[TaskRecord, ...]:
        """Return the last record of every request id, oldest first."""
        return tuple(self._by_id.values())


class FileLedger:
    """A ledger in a file of JSON lines, the last line of a request id counting.

    A line is appended in one write and forced to disk. A line that a dying process cut short is at the end of
    the file: it is left out when reading, and the next append begins a line of its own.

    Args:
        path: The file; its folder is made if absent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def find(self, key: str) -> TaskRecord | None:
        """Return the last attempt at a request, or None."""
        return self._read().find(key)

    def record(self, record: TaskRecord) -> None:
        """Remember a record."""
        line = json.dumps(asdict(record), sort_keys=True).encode() + b"\n"
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._ends_inside_a_line():
                line = b"\n" + line
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)

    def records(self) -> tuple[TaskRecord, ...]:
        """Return the last record of every request id, oldest first."""
        return self._read().records()

    def _ends_inside_a_line(self) -> bool:
        if not self._path.exists() or self._path.stat().st_size == 0:
            return False
        with self._path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) != b"\n"

    def _read(self) -> MemoryLedger:
        ledger = MemoryLedger()
        for record in self._lines():
            ledger.record(record)
        return ledger

    def _lines(self) -> Iterator[TaskRecord]:
        if not self._path.exists():
            return
        lines = self._path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                document: dict[str, Any] = json.loads(line)
            except ValueError:
                if line.endswith(b"}"):  # whole but not JSON: not what a cut write leaves
                    raise CorruptFileError(
                        f"{self._path}, line {number} is not JSON.", remedy="Mend or remove that line."
                    ) from None
                continue
            yield TaskRecord(**document)
