"""Runs tasks: two at a time, as the service does, each in a worker, its results published at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter

from ee_floods.engine.errors import EngineError
from ee_floods.engine.export.publish import publish
from ee_floods.engine.server.context import Context
from ee_floods.engine.server.pool import WorkerCrashError, WorkerPool
from ee_floods.engine.state.operations import Operation
from ee_floods.engine.state.project_config import PLAN_AT_ONCE

__all__ = ["Scheduler"]

logger = logging.getLogger(__name__)

_REPORT_EVERY_S = 0.5  # how often a task's progress is written down
# google.rpc.Code numbers of HTTP statuses, as they stand in an operation's error
_RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 429: 8, 500: 13, 503: 14}


class Scheduler:
    """Takes waiting tasks off the queue.

    Args:
        context: The engine's parts.
        pool: Workers for tasks alone, so that they do not keep interactive requests waiting.
    """

    def __init__(self, context: Context, pool: WorkerPool) -> None:
        self._context, self._pool = context, pool
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._projects: dict[str, str] = {}
        self._loop_task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Queue again what a dead server left, and begin."""
        recovered = self._context.operations.recover()
        if recovered:
            logger.warning("%d unfinished task(s) of the last server start again.", recovered)
        self._loop_task = self._loop.create_task(self._serve())

    def notify(self) -> None:
        """Say that a task waits."""
        self._wake.set()

    def cancel(self, operation_id: str) -> None:
        """End a running task: its worker is killed."""
        task = self._running.get(operation_id)
        if task is None:
            self._context.operations.fail(operation_id, 1, "Cancelled.", state="CANCELLED")
        else:
            task.cancel()

    async def stop(self) -> None:
        """End; running tasks stay RUNNING in the database, so that the next server starts them again."""
        tasks = [task for task in (self._loop_task, *self._running.values()) if task is not None]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._pool.close()

    async def _serve(self) -> None:
        while True:
            while len(self._running) < PLAN_AT_ONCE:
                operation = self._context.operations.claim(self._full_projects())
                if operation is None:
                    break
                task = self._loop.create_task(self._run(operation))
                self._running[operation.id] = task
                self._projects[operation.id] = operation.project
                task.add_done_callback(lambda _, key=operation.id: self._ended(key))  # type: ignore[misc]
            self._wake.clear()
            await self._wake.wait()

    def _full_projects(self) -> list[str]:
        """Return projects that run as many tasks as their configuration allows."""
        counts = Counter(self._projects.values())
        return [name for name, count in counts.items() if count >= self._context.config.at_once(name)]

    def _ended(self, operation_id: str) -> None:
        self._running.pop(operation_id, None)
        self._projects.pop(operation_id, None)
        self._wake.set()

    async def _run(self, operation: Operation) -> None:
        operations = self._context.operations
        last_report = 0.0

        def report(fraction: float) -> None:
            nonlocal last_report
            if time.monotonic() - last_report >= _REPORT_EVERY_S:
                last_report = time.monotonic()
                operations.report(operation.id, fraction)

        try:
            product = await self._pool.run(operation.kind, operation.request, operation.id, progress=report)
            self._context.reads.add(operation.kind, product.assets)
            if product.asset is not None:
                self._context.check_quota(product.asset.id, new_bytes=product.asset.size_bytes)
            publish(self._context.database, self._context.store, self._context.created, operations, product)
        except asyncio.CancelledError:
            if operations.get(operation.id).state == "CANCELLING":
                operations.fail(operation.id, 1, "Cancelled.", state="CANCELLED")
                return
            raise
        except EngineError as error:
            operations.fail(operation.id, _RPC_CODES.get(error.code, 2), error.message)
        except WorkerCrashError:
            logger.warning("The worker of task %s died in attempt %d.", operation.id, operation.attempt)
            operations.requeue(operation)
        except Exception:
            logger.exception("Task %s failed while its results were published.", operation.id)
            operations.fail(operation.id, 13, "Internal error.")
        finally:
            self._context.folder.for_job(operation.id).discard_staged()
