"""A pool of worker processes that can be killed one by one: for a timeout, a cancelled task, a crash."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any, TypeVar

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.forking import fork_server
from ee_floods.engine.worker_options import WorkerOptions

__all__ = ["WorkerCrashError", "WorkerPool"]

T = TypeVar("T")

_STOP_SECONDS = 2.0  # a worker that does not end by itself in this time is killed


class WorkerCrashError(Exception):
    """A worker died in the middle of a call: killed for memory, or a fault in native code."""


class _Worker:
    """One process and its pipe."""

    def __init__(self, context: ForkServerContext, options: WorkerOptions) -> None:
        ours, theirs = context.Pipe()
        self.connection: Connection = ours
        self.process: ForkServerProcess = context.Process(
            target=start_worker, args=(theirs, options), daemon=True
        )
        self.process.start()
        theirs.close()

    def call(self, name: str, arguments: tuple[Any, ...], progress: Callable[[float], None]) -> Any:
        """Make one call and wait for its end; blocks, so it runs in a thread."""
        try:
            self.connection.send((name, arguments))
            while True:
                kind, value = self.connection.recv()
                if kind == "progress":
                    progress(value)
                elif kind == "error":
                    raise value
                else:
                    return value
        except (EOFError, OSError) as error:
            raise WorkerCrashError(f"The worker died in {name!r}.") from error

    def kill(self) -> None:
        """End the process at once and free what it held."""
        self.process.kill()
        self.process.join(_STOP_SECONDS)
        self.connection.close()


def start_worker(connection: Connection, options: WorkerOptions) -> None:
    """Import the evaluator in the new process and serve; the fork server has imported it before."""
    from ee_floods.engine.worker import run_worker

    run_worker(connection, options)


class WorkerPool:
    """Runs calls in up to `size` processes; more calls wait their turn.

    Args:
        size: Number of processes.
        options: What they serve.
    """

    def __init__(self, size: int, options: WorkerOptions) -> None:
        self._context = fork_server()
        self._options = options
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._slots = asyncio.Semaphore(size)
        self._closed = False

    async def warm(self) -> None:
        """Start one worker before the first call needs it."""
        async with self._slots:
            self._idle.append(await self._take())

    async def run(
        self,
        name: str,
        *arguments: Any,
        timeout: float | None = None,
        progress: Callable[[float], None] = lambda fraction: None,
    ) -> Any:
        """Make a call in a worker and return its value.

        If the waiting task is cancelled or the time is over, the worker is killed: a computation has no other
        end.

        Args:
            name: A key of the worker's `CALLS`.
            arguments: Passed on.
            timeout: Seconds.
            progress: Called from another thread with fractions done.

        Raises:
            EngineError: The call's own, or 400 when the time is over.
            WorkerCrashError: If the process died.
        """
        async with self._slots:
            worker = await self._take()
            call = _in_thread(lambda: worker.call(name, arguments, progress))
            usable = False
            try:
                done, _ = await asyncio.wait({call}, timeout=timeout)
                if not done:
                    raise EngineError("Computation timed out.", 400)
                usable = not isinstance(call.exception(), WorkerCrashError)
                return call.result()
            finally:
                if usable and not self._closed:
                    self._idle.append(worker)
                else:
                    self._all.discard(worker)
                    worker.kill()
                    call.add_done_callback(_ignore)

    def close(self) -> None:
        """End all workers."""
        self._closed = True
        for worker in tuple(self._all):
            worker.kill()
        self._all.clear()

    async def _take(self) -> _Worker:
        """Return an idle worker that lives, or a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.is_alive():
                return worker
            self._all.discard(worker)
            worker.kill()
        return await _in_thread(self._start)

    def _start(self) -> _Worker:
        worker = _Worker(self._context, self._options)
        self._all.add(worker)
        if self._closed:
            worker.kill()
        return worker


def _in_thread(function: Callable[[], T]) -> asyncio.Future[T]:
    """Run a function that blocks in a thread that the end of the process does not wait for.

    An executor's threads are joined at exit: a server that is told to end while its first worker is still
    being started would hang for seconds.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = function()
        except Exception as caught:  # noqa: BLE001 - handed on, whatever it is, to the task that waits
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(deliver, result, error)

    threading.Thread(target=run, name="worker-pipe", daemon=True).start()
    return future


def _ignore(call: asyncio.Future[Any]) -> None:
    """Take note of the error of a call that nobody waits for any more."""
    if not call.cancelled():
        call.exception()
