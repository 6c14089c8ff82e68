"""Batch tasks: submitted once, followed to the end, submitted again only after the service says they failed.

`Task.start()` of the client draws a random id, so a run that dies between the request and its answer would
submit the task again. Here the id is a hash of the request, and it is written to the ledger first.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ee_floods.errors import (
    AccessError,
    QuotaError,
    RestrictedModeError,
    ServiceError,
    TaskFailedError,
    TransientError,
)
from ee_floods.service.faults import NotFoundError, classify_message
from ee_floods.service.ledger import ACTIVE, Ledger, TaskRecord, TaskState
from ee_floods.service.request_id import request_id, request_key
from ee_floods.service.retry import retry
from ee_floods.session import Session

__all__ = ["Polling", "Progress", "export_image", "follow", "submit"]

Progress = Callable[[Sequence[TaskRecord]], None]
"""Called after every look at the tasks, with the last record of each."""

_DESCRIPTION_LENGTH = 100  # characters of a task's description (ee-export-image-tocloudstorage)
_TAG_LENGTH = 16
"""`eef-` and 12 of the key's characters in the description: 60 bits that find a task whose name was lost."""
_STATES: Mapping[str, TaskState] = {
    "PENDING": "PENDING",
    "RUNNING": "RUNNING",
    "CANCELLING": "CANCELLING",
    "SUCCEEDED": "SUCCEEDED",
    "CANCELLED": "CANCELLED",
    "FAILED": "FAILED",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Polling:
    """How often the service is asked about tasks.

    Args:
        first_s: Wait after the first look, seconds.
        factor: Growth of the wait.
        longest_s: Cap of the wait, seconds. Tasks take minutes to hours, so half a minute is soon enough.
        timeout_s: How long to wait in all; None waits to the end (the service ends a task after ten days).
    """

    first_s: float = 0.25
    factor: float = 1.5
    longest_s: float = 30.0
    timeout_s: float | None = None


def export_image(
    params: Mapping[str, Any],
    *,
    session: Session,
    ledger: Ledger,
    description: str,
    destination: str,
    arrived: Callable[[], bool],
) -> TaskRecord:
    """Submit an image export, unless the ledger or the service has it already.

    Args:
        params: An ExportImageRequest whose `expression` is an `ee.Image`, as `ee.batch.Export.image` builds
            it (`Task.config`), without a description.
        session: The session it runs in.
        ledger: Remembers it.
        description: What the service shows; other characters than letters, digits and `.,:;_-` become `-`.
        destination: Where the result goes, for the ledger.
        arrived: Says whether the result is where it should be. A task that succeeded is submitted again
            only if its result is gone.

    Returns:
        The task's record: running, or succeeded in an earlier run.

    Raises:
        ServiceError: If the service refuses it.
    """
    import ee
    from ee import serializer

    expression = serializer.encode(params["expression"], for_cloud_api=True)
    body = {**params, "expression": expression}

    def start(identity: str, label: str) -> str:
        operation: dict[str, Any] = ee.data.exportImage(identity, {**body, "description": label})
        return str(operation["name"])

    return submit(
        body,
        kind="image:export",
        start=start,
        session=session,
        ledger=ledger,
        description=description,
        destination=destination,
        arrived=arrived,
    )


def submit(
    request: Mapping[str, Any],
    *,
    kind: str,
    start: Callable[[str, str], str],
    session: Session,
    ledger: Ledger,
    description: str,
    destination: str,
    arrived: Callable[[], bool],
) -> TaskRecord:
    """Submit a task once.

    Args:
        request: What the task's id is made of: all that decides its result, as JSON.
        kind: `image:export` or `image:import`.
        start: Sends the request under an id and a description, and returns the operation's name.
        session: The session it runs in.
        ledger: Remembers it.
        description: What the service shows.
        destination: Where the result goes.
        arrived: Says whether the result is where it should be.

    Raises:
        ServiceError: If the service refuses it.
    """
    identity = {"kind": kind, "target": session.target, "project": session.project, "request": request}
    key = request_key(identity)
    attempt = 1
    known = ledger.find(key)
    if known is not None:
        known = _refreshed(known, ledger)
        if known.operation and known.state in ACTIVE:
            _log.debug("Task %s is %s already.", known.request_id, known.state)
            return known
        if known.state == "SUCCEEDED" and arrived():
            return known
        attempt = known.attempt + _is_spent(known)
    record = TaskRecord(
        key=key,
        request_id=request_id(identity, attempt),
        attempt=attempt,
        kind=kind,
        description=_label(description, key, attempt),
        target=session.target,
        project=session.project,
        state="SUBMITTING",
        destination=destination,
        updated=_now(),
    )
    ledger.record(record)
    operation = _start(record, start)
    record = replace(record, operation=operation, state="PENDING", updated=_now())
    ledger.record(record)
    return record


def follow(
    records: Sequence[TaskRecord],
    *,
    ledger: Ledger,
    polling: Polling | None = None,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[TaskRecord, ...]:
    """Wait until tasks end, and return their last records in the same order.

    Args:
        records: From `submit`.
        ledger: Remembers every change.
        polling: How often to ask.
        progress: Called after every look.
        sleep: Waits; replaced in tests.
        clock: Seconds; replaced in tests.

    Raises:
        TaskFailedError: If one failed or was cancelled, with the service's message; the others go on.
        ServiceError: If they do not end in time.
    """
    pace = polling or Polling()
    begin, wait = clock(), pace.first_s
    seen = list(records)
    while True:
        seen = [_refreshed(record, ledger) if record.state in ACTIVE else record for record in seen]
        if progress is not None:
            progress(seen)
        for record in seen:
            if record.state in ("FAILED", "CANCELLED"):
                raise _failed(record)
            if not record.operation:
                raise TaskFailedError(
                    f"The service does not know task {record.description} any more.",
                    remedy="Run the same command again: it looks at the result, and submits what is missing.",
                )
        if not any(record.state in ACTIVE for record in seen):
            return tuple(seen)
        if pace.timeout_s is not None and clock() - begin > pace.timeout_s:
            waiting = [record.description for record in seen if record.state in ACTIVE]
            raise ServiceError(
                f"{len(waiting)} task(s) did not end in {pace.timeout_s:.0f} s: {', '.join(waiting[:3])}.",
                remedy="They go on at the service; the same command finds them again.",
            )
        sleep(wait)
        wait = min(wait * pace.factor, pace.longest_s)


def _is_spent(record: TaskRecord) -> bool:
    """Whether the service has ended this attempt, so that its id cannot start a task any more."""
    import ee

    if record.state in ("FAILED", "CANCELLED"):
        return True
    if record.state != "SUCCEEDED":
        return False
    try:
        retry(lambda: ee.data.getOperation(record.operation), doing=f"asking about {record.description}")
    except NotFoundError:
        return False
    _log.warning(
        "The result of %s is gone from %s; it is made again.", record.description, record.destination
    )
    return True


def _start(record: TaskRecord, start: Callable[[str, str], str]) -> str:
    """Return the operation's name: of a new task, or of one that an earlier run started with this id."""
    try:
        return retry(
            lambda: start(record.request_id, record.description), doing=f"submitting {record.description}"
        )
    except (TransientError, QuotaError, RestrictedModeError, AccessError):
        raise
    except ServiceError as error:
        # An earlier run may have sent the same id and died before it read the answer.
        found = _find_operation(record.description)
        if found is None:
            raise
        _log.info("%s The service has the task already: %s.", error.message, found)
        return found


def _find_operation(description: str) -> str | None:
    import ee

    operations: list[dict[str, Any]] = retry(ee.data.listOperations, doing="listing tasks")
    for operation in operations:
        metadata: dict[str, Any] = operation.get("metadata", {})
        if metadata.get("description") == description and metadata.get("state") in ACTIVE | {"SUCCEEDED"}:
            return str(operation["name"])
    return None


def _refreshed(record: TaskRecord, ledger: Ledger) -> TaskRecord:
    """Return the record with the state that the service gives now, remembering a change."""
    import ee

    if record.state not in ACTIVE:
        return record
    if not record.operation:
        found = _find_operation(record.description)
        if found is None:
            return record
        record = replace(record, operation=found)
    try:
        operation: dict[str, Any] = retry(
            lambda: ee.data.getOperation(record.operation), doing=f"asking about {record.description}"
        )
    except NotFoundError:
        # The service forgets tasks after some days; nothing says that this one succeeded.
        changed = replace(record, operation="", updated=_now())
        ledger.record(changed)
        return changed
    state = _STATES.get(str(operation.get("metadata", {}).get("state")), record.state)
    if state in ACTIVE and operation.get("done"):
        state = "FAILED" if "error" in operation else "SUCCEEDED"
    message = str(operation.get("error", {}).get("message", ""))
    if state != record.state or message != record.error:
        record = record.with_state(state, updated=_now(), error=message)
        ledger.record(record)
    return record


def _failed(record: TaskRecord) -> TaskFailedError:
    reason = classify_message(record.error or f"the task is {record.state}")
    remedy = reason.remedy or "Mend the cause and run the same command again: it submits only what failed."
    return TaskFailedError(
        f"Task {record.description} ({record.operation}) is {record.state}: {reason.message}", remedy=remedy
    )


def _label(description: str, key: str, attempt: int) -> str:
    tail = f"-{key[:_TAG_LENGTH]}-{attempt}"
    clean = re.sub(r"[^A-Za-z0-9.,:;_-]+", "-", description).strip("-") or "task"
    return clean[: _DESCRIPTION_LENGTH - len(tail)] + tail


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
