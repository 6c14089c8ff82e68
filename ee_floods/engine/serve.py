"""Serving the local Earth Engine: from options to a listening server and its clean end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import uvicorn

from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.limits import Limits
from ee_floods.engine.serve_options import ServeOptions
from ee_floods.engine.server.app import build_app
from ee_floods.engine.server.connections import OpenProtocol
from ee_floods.engine.server.context import Context
from ee_floods.engine.server.discovery import check_client
from ee_floods.engine.server.faults import Faults
from ee_floods.engine.server.pool import WorkerPool
from ee_floods.engine.server.scheduler import Scheduler
from ee_floods.engine.server.service_account import ServiceAccount
from ee_floods.engine.server.tokens import Tokens
from ee_floods.engine.state.database import Database
from ee_floods.engine.state.folder import FolderLock, StateFolder, write_atomically
from ee_floods.engine.state.operations import Operations
from ee_floods.engine.state.project_config import PLAN_AT_ONCE, ProjectConfig
from ee_floods.engine.state.reads import Reads
from ee_floods.engine.storage.store import ObjectStore
from ee_floods.engine.storage.uploads import Uploads
from ee_floods.engine.worker_options import WorkerOptions
from ee_floods.errors import ConfigError

__all__ = ["FIRST_BUCKET", "Answering", "ServeOptions", "serve"]

logger = logging.getLogger(__name__)

FIRST_BUCKET = "local"
"""A bucket that is there from the start."""

_PARENT_POLL_S = 0.5
_GRACE_S = 5  # how long running requests may go on after the server was told to end
_KEEP_ALIVE_S = 75  # longer than clients keep idle connections: else one may close just as it is used again


@dataclass(frozen=True)
class Answering:
    """A server that answers, as the one who started it is told.

    Args:
        url: Its URL.
        project: Project that clients use.
        folder: Its state folder; with the token, the service-account key and the client's configuration.
        guarded: Whether callers must show a token.
        on_this_machine: Whether it listens on loopback alone.
    """

    url: str
    project: str
    folder: StateFolder
    guarded: bool
    on_this_machine: bool


def serve(options: ServeOptions, *, answering: Callable[[Answering], None] | None = None) -> None:
    """Serve until SIGTERM, SIGINT, or the end of the parent process.

    Args:
        options: How to serve.
        answering: Called once the server answers.

    Raises:
        ConfigError: If the port is taken, the state folder is in use, or a mounted folder is missing. No
            process has been started then.
        MissingExtraError: If the installed client lacks the files that are served.
    """
    options.check()
    check_client()
    listener = _listen(options.host, options.port)
    try:
        folder = StateFolder(options.state.resolve())
        folder.create()
        lock = FolderLock(folder)
        try:
            url = (options.public_url or _url(options.host, listener.getsockname()[1])).rstrip("/")
            lock.describe(os.getpid(), url)
            asyncio.run(_serve(options, folder, listener, url, answering))
        finally:
            lock.release()
    finally:
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's wait of 40 ms off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"Port {port} of {host} is in use.",
                remedy="Stop what listens there, give another port, or 0 for a free one.",
            ) from error
        raise ConfigError(
            f"The engine cannot listen on {host}:{port} ({error.strerror or error}).",
            remedy="Give an address of this machine and a port above 1023.",
        ) from error
    return listener


def _url(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


async def _serve(
    options: ServeOptions,
    folder: StateFolder,
    listener: socket.socket,
    url: str,
    answering: Callable[[Answering], None] | None,
) -> None:
    # In a thread: the first start of a state folder makes a key pair, which takes a tenth of a second.
    account = asyncio.get_running_loop().run_in_executor(
        None, partial(ServiceAccount.of, folder, url=url, project=options.project)
    )
    database = Database(folder.database)
    store = ObjectStore(database, folder)
    uploads = Uploads(database, folder, store)
    created = CreatedAssets(database, folder, options.project)
    _tidy(folder, store, uploads, created)
    store.ensure_bucket(FIRST_BUCKET)
    worker_options = WorkerOptions(
        folder.root,
        options.project,
        tuple((root_id, path.resolve()) for root_id, path in options.mounts),
        options.world,
        options.limits,
    )
    pool = WorkerPool(options.workers or max(2, os.cpu_count() or 2), worker_options)
    context = Context(
        url=url,
        project=options.project,
        limited=options.limits,
        timeout_s=Limits().timeout_s if options.limits else None,
        folder=folder,
        database=database,
        store=store,
        created=created,
        operations=Operations(database),
        reads=Reads(database),
        config=ProjectConfig(database),
        pool=pool,
        tokens=Tokens.of(folder),
        account=await account,
    )
    scheduler = Scheduler(context, WorkerPool(PLAN_AT_ONCE, worker_options))

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        scheduler.start()
        warming = asyncio.create_task(pool.warm())
        try:
            yield
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                warming.cancel()
                await warming
            await scheduler.stop()
            pool.close()

    faults = None
    if options.latency_ms > 0 or options.fault_rate > 0:
        faults = Faults(options.latency_ms, options.fault_rate, options.fault_kinds, options.seed)
    hosts = frozenset({"localhost", options.host, socket.gethostname(), urlsplit(url).hostname or ""}) - {""}
    app = build_app(
        context,
        uploads,
        hosts=hosts,
        any_address=options.host in ("0.0.0.0", "::"),
        guarded=options.guarded,
        faults=faults,
        started=scheduler.notify,
        cancelled=scheduler.cancel,
        lifespan=lifespan,
    )
    server = _Server(
        uvicorn.Config(
            app,
            http=OpenProtocol,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
            lifespan="on",
            server_header=False,
        )
    )
    told = Answering(url, options.project, folder, options.guarded, options.on_this_machine)
    await server.run_until_told(listener, options, told, answering)


class _Server(uvicorn.Server):
    """Uvicorn, with the end of the process left to us: it exits with 0 when it is told to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone; `run_until_told` handles them."""
        yield

    async def run_until_told(
        self,
        listener: socket.socket,
        options: ServeOptions,
        told: Answering,
        answering: Callable[[Answering], None] | None,
    ) -> None:
        """Serve; write the ready file and call `answering` once the server answers."""
        loop = asyncio.get_running_loop()

        def end() -> None:
            self.should_exit = True

        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread: the caller ends us
                loop.add_signal_handler(number, end)
        watcher = loop.create_task(_end_with_parent(options.parent_pid, end)) if options.parent_pid else None
        serving = loop.create_task(self.serve([listener]))
        try:
            while not self.started and not serving.done():
                await asyncio.sleep(0.005)
            if self.started and answering is not None:
                answering(told)
            if self.started and options.ready_file is not None:
                text = json.dumps(
                    {
                        "url": told.url,
                        "project": told.project,
                        "pid": os.getpid(),
                        "state": str(told.folder.root),
                    }
                )
                write_atomically(options.ready_file, text)
            await serving
        finally:
            if watcher is not None:
                watcher.cancel()
            if options.ready_file is not None:
                options.ready_file.unlink(missing_ok=True)


async def _end_with_parent(pid: int, end: object) -> None:
    """Call `end` once the process is gone."""
    direct = os.getppid() == pid
    while True:
        await asyncio.sleep(_PARENT_POLL_S)
        # A dead parent that nobody has waited for still has its pid, but a child of it is adopted at once.
        gone = os.getppid() != pid if direct else not _alive(pid)
        if gone and callable(end):
            end()
            return


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tidy(folder: StateFolder, store: ObjectStore, uploads: Uploads, created: CreatedAssets) -> None:
    """Delete what a killed server left half done."""
    folder.discard_staged()
    folder.staging.mkdir()
    store.collect_garbage(uploads.collect_garbage())
    created.collect_garbage()
