"""Long-running operations (tasks): a queue that survives restarts and runs each task to one end.

The states are the service's: PENDING, RUNNING, CANCELLING, SUCCEEDED, FAILED, CANCELLED.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.state.database import Database, now_us, timestamp
from ee_floods.engine.state.operation_filter import OperationFilter
from ee_floods.engine.state.stages import stages

__all__ = ["Operation", "Operations"]

QUEUE_LIMIT = 3000
"""Tasks that may wait in the queue: the service's limit (earthengine/guides/usage#tasks)."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,60}")  # reference/rest/v1/projects.image/export, `requestId`
_METADATA_TYPE = "type.googleapis.com/google.earthengine.v1.OperationMetadata"
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_MAX_ATTEMPTS = 5  # a task that kills its worker this often has failed; the service gives up after five too


@dataclass(frozen=True)
class Operation:
    """One task as stored.

    Args:
        id: The last part of its name.
        sequence: Its place among all tasks, from 1.
        project: Project whose name the operation carries.
        kind: EXPORT_IMAGE, EXPORT_FEATURES, INGEST_IMAGE or INGEST_TABLE.
        request: The body that started it.
        state: The service's state word.
        attempt: How often it was started.
    """

    id: str
    sequence: int
    project: str
    kind: str
    request: Mapping[str, Any]
    description: str
    priority: int
    state: str
    progress: float
    attempt: int
    create_time: int
    start_time: int | None
    update_time: int
    end_time: int | None
    error_code: int | None
    error_message: str | None
    destination_uris: Sequence[str]

    @property
    def name(self) -> str:
        """`projects/P/operations/ID`."""
        return f"projects/{self.project}/operations/{self.id}"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in _ENDED

    def to_resource(self) -> dict[str, Any]:
        """Return the REST `Operation`."""
        metadata: dict[str, Any] = {
            "@type": _METADATA_TYPE,
            "state": self.state,
            "description": self.description,
            "priority": self.priority,
            "type": self.kind,
            "createTime": timestamp(self.create_time),
            "updateTime": timestamp(self.update_time),
            "progress": self.progress,
        }
        if self.attempt:
            metadata["attempt"] = self.attempt
        if self.start_time is not None:
            metadata["startTime"] = timestamp(self.start_time)
        if self.end_time is not None:
            metadata["endTime"] = timestamp(self.end_time)
        if self.start_time is not None:
            published = self.state == "SUCCEEDED"
            metadata["stages"] = stages(self.kind, self.progress, published=published)
        if self.destination_uris:
            metadata["destinationUris"] = list(self.destination_uris)
        resource: dict[str, Any] = {"name": self.name, "metadata": metadata}
        if self.ended:
            resource["done"] = True
            if self.state == "SUCCEEDED":
                resource["response"] = {"@type": "type.googleapis.com/google.protobuf.Empty"}
            else:
                resource["error"] = {"code": self.error_code or 2, "message": self.error_message or ""}
        return resource


class Operations:
    """The queue of tasks of one engine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(
        self,
        project: str,
        kind: str,
        request: Mapping[str, Any],
        *,
        limited: bool = True,
    ) -> tuple[Operation, bool]:
        """Queue a task, or return the one that the same `requestId` has already started.

        Args:
            project: Project that the caller named.
            kind: The operation's type word.
            request: The body, with `requestId`, `description` and `priority` where the client gave them.
            limited: Whether the service's limit on queued tasks holds.

        Returns:
            The operation, and whether this call started it.

        Raises:
            EngineError: If the request id is not one, or the queue is full.
        """
        request_id = str(request.get("requestId") or "")
        if request_id and not _REQUEST_ID.fullmatch(request_id):
            raise bad_request(
                "Invalid request ID: must be at most 60 characters long and contain only the characters "
                "a..z, A..Z, 0-9, or '-'."
            )
        priority = _integer(request.get("priority"), 100)
        if not 0 <= priority <= 9999:
            raise bad_request(f"Task priority must be between 0 and 9999, received {priority}.")
        with self._database.transaction() as connection:
            if request_id:
                row = connection.execute(
                    "SELECT * FROM operations WHERE request_id = ?", (request_id,)
                ).fetchone()
                if row is not None:
                    return _operation(row), False
            waiting = connection.execute(
                "SELECT count(*) FROM operations WHERE state = 'PENDING'"
            ).fetchone()[0]
            if limited and waiting >= QUEUE_LIMIT:
                raise EngineError(
                    f"Too many tasks already in the queue ({waiting}). "
                    "Please wait for some of them to complete.",
                    429,
                )
            identifier = b32encode(secrets.token_bytes(15)).decode()
            now = now_us()
            connection.execute(
                "INSERT INTO operations (id, sequence, project, request_id, kind, request, description,"
                " priority, state, create_time, update_time) VALUES (?,"
                " (SELECT coalesce(max(sequence), 0) + 1 FROM operations),"
                " ?, ?, ?, ?, ?, ?, 'PENDING', ?, ?)",
                (
                    identifier,
                    project,
                    request_id or None,
                    kind,
                    json.dumps(request),
                    str(request.get("description") or ""),
                    priority,
                    now,
                    now,
                ),
            )
        return self.get(identifier), True

    def get(self, identifier: str) -> Operation:
        """Return a task.

        Raises:
            EngineError: If there is none with this id.
        """
        row = self._database.row("SELECT * FROM operations WHERE id = ?", (identifier,))
        if row is None:
            raise EngineError(f"Operation '{identifier}' not found.", 404)
        return _operation(row)

    def page(self, project: str, wanted: OperationFilter, before: int, limit: int) -> list[Operation]:
        """Return tasks of a project, newest first.

        Args:
            project: The project.
            wanted: Narrows them.
            before: Sequence number of the last task of the page before; 0 for the first page. Tasks that are
                started meanwhile move nothing.
            limit: How many at most.
        """
        rows = self._database.rows(
            f"SELECT * FROM operations WHERE project = ? AND (? = 0 OR sequence < ?) AND ({wanted.sql})"
            " ORDER BY sequence DESC LIMIT ?",
            (project, before, before, *wanted.values, limit),
        )
        return [_operation(row) for row in rows]

    def started(self, request_id: str) -> bool:
        """Whether a request of this id has started a task."""
        query = "SELECT 1 FROM operations WHERE request_id = ?"
        return bool(request_id) and self._database.row(query, (request_id,)) is not None

    def recover(self) -> int:
        """Queue again what a dead server left running; return how many tasks that is."""
        now = now_us()
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE operations SET state = 'CANCELLED', end_time = ?, update_time = ?, error_code = 1,"
                " error_message = 'Cancelled.' WHERE state = 'CANCELLING'",
                (now, now),
            )
            return connection.execute(
                "UPDATE operations SET state = 'PENDING', progress = 0, update_time = ?"
                " WHERE state = 'RUNNING'",
                (now,),
            ).rowcount

    def claim(self, full: Sequence[str] = ()) -> Operation | None:
        """Mark the next waiting task as running and return it; higher priority first, then the older.

        Args:
            full: Projects whose tasks have to wait.
        """
        now = now_us()
        places = ",".join("?" * len(full))
        with self._database.transaction() as connection:
            row = connection.execute(
                f"SELECT id FROM operations WHERE state = 'PENDING' AND project NOT IN ({places})"
                " ORDER BY priority DESC, sequence LIMIT 1",
                tuple(full),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE operations SET state = 'RUNNING', attempt = attempt + 1, progress = 0,"
                " update_time = ?, start_time = coalesce(start_time, ?) WHERE id = ?",
                (now, now, row["id"]),
            )
        return self.get(row["id"])

    def report(self, identifier: str, progress: float) -> None:
        """Write down how much of a running task is done, 0..1."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE operations SET progress = ?, update_time = ? WHERE id = ? AND state = 'RUNNING'",
                (progress, now_us(), identifier),
            )

    def succeed(self, identifier: str, uris: Sequence[str]) -> bool:
        """End a running task; False if it was cancelled meanwhile. Call it in the results' transaction."""
        now = now_us()
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE operations SET state = 'SUCCEEDED', progress = 1, end_time = ?, update_time = ?,"
                " destination_uris = ? WHERE id = ? AND state = 'RUNNING'",
                (now, now, json.dumps(list(uris)), identifier),
            ).rowcount
        return bool(changed)

    def fail(self, identifier: str, code: int, message: str, *, state: str = "FAILED") -> None:
        """End a task without a result; `code` is a `google.rpc.Code`."""
        now = now_us()
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE operations SET state = ?, end_time = ?, update_time = ?, error_code = ?,"
                " error_message = ? WHERE id = ? AND state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')",
                (state, now, now, code, message, identifier),
            )

    def requeue(self, operation: Operation) -> bool:
        """Queue a task again whose worker died; False, and FAILED, after too many attempts."""
        if operation.attempt >= _MAX_ATTEMPTS:
            self.fail(operation.id, 13, "Internal error.")
            return False
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE operations SET state = 'PENDING', progress = 0, update_time = ?"
                " WHERE id = ? AND state = 'RUNNING'",
                (now_us(), operation.id),
            )
        return True

    def cancel(self, identifier: str) -> Operation:
        """Ask for the end of a task: at once if it waits, soon if it runs, no effect if it has ended."""
        now = now_us()
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE operations SET state = 'CANCELLED', end_time = ?, update_time = ?, error_code = 1,"
                " error_message = 'Cancelled.' WHERE id = ? AND state = 'PENDING'",
                (now, now, identifier),
            )
            connection.execute(
                "UPDATE operations SET state = 'CANCELLING', update_time = ?"
                " WHERE id = ? AND state = 'RUNNING'",
                (now, identifier),
            )
        return self.get(identifier)


def _integer(value: Any, default: int) -> int:
    """Return a number that the client may have wrapped as `{"value": "7"}`."""
    if isinstance(value, Mapping):
        value = value.get("value")
    if value is None:
        return default
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise bad_request(f"Invalid value for 'priority': {str(value)[:40]!r} is not an integer.") from error


def _operation(row: sqlite3.Row) -> Operation:
    fields = {name: row[name] for name in Operation.__dataclass_fields__}
    fields["request"] = json.loads(row["request"])
    fields["destination_uris"] = tuple(json.loads(row["destination_uris"]))
    return Operation(**fields)
