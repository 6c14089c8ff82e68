"""A worker process: evaluates graphs for the server, one request at a time.

The server talks to it over a pipe. Workers are forked from a fork server that has imported what they need, so
one that died is replaced in milliseconds. A worker ends when the server does, however the server ended.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from ee_floods.engine.answers import ANSWERS
from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.assets.library import CompositeLibrary
from ee_floods.engine.assets.mounted import MountedAssets
from ee_floods.engine.assets.objects import GeoTiffObjects
from ee_floods.engine.deep import deeply
from ee_floods.engine.errors import EngineError
from ee_floods.engine.evaluator import Evaluator
from ee_floods.engine.export.tasks import TASKS
from ee_floods.engine.foreseen import FAILURES, failure
from ee_floods.engine.limits import Limits
from ee_floods.engine.memory import bounded_memory
from ee_floods.engine.records import Library
from ee_floods.engine.session import WorkerSession
from ee_floods.engine.state.database import Database
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.storage.store import ObjectStore
from ee_floods.engine.worker_options import WorkerOptions

__all__ = ["CALLS", "run_worker"]

logger = logging.getLogger(__name__)

CALLS: dict[str, Callable[..., Any]] = {**ANSWERS, **TASKS}
"""What the server may ask for, by name; each takes the session first."""


def open_session(options: WorkerOptions, send_progress: Callable[[float], None]) -> WorkerSession:
    """Return what a worker's calls need."""
    folder = StateFolder(options.state)
    database = Database(folder.database)
    world: list[Library] = []
    if options.world:
        from ee_floods.engine.world import WorldLibrary

        world.append(WorldLibrary())
    created = CreatedAssets(database, folder, options.project, world[0] if world else None)
    store = ObjectStore(database, folder)
    parts: list[Library] = [created, GeoTiffObjects(store)]
    parts += [MountedAssets(root_id, path, folder.mounted) for root_id, path in options.mounts]
    parts += world
    library = CompositeLibrary(parts)
    limits = Limits() if options.limits else Limits.none()
    return WorkerSession(
        library=library,
        limits=limits,
        interactive=Evaluator(library, limits),
        batch=Evaluator(library, limits.batch()),
        folder=folder,
        store=store,
        created=created,
        progress=send_progress,
    )


def run_worker(connection: Connection, options: WorkerOptions) -> None:
    """Serve calls from the pipe until it closes; the target of a worker process.

    Each call is a pair `(name, arguments)`; each answer is `("progress", fraction)`, any number of times, and
    then `("done", value)` or `("error", EngineError)`.
    """
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the server ends the workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_server()
    session = open_session(options, lambda fraction: connection.send(("progress", fraction)))
    # All calls in one deep thread: a thread for each would cost a millisecond and a heap of its own.
    deeply(lambda: _serve(connection, session))


def _serve(connection: Connection, session: WorkerSession) -> None:
    while True:
        try:
            name, arguments = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(_answer(session, name, arguments))


def _answer(session: WorkerSession, name: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    limits = session.limits if name in ANSWERS else session.limits.batch()
    try:
        with bounded_memory(limits.memory_bytes):
            return "done", CALLS[name](session, *arguments)
    except EngineError as error:
        return "error", EngineError(error.message, error.code, error.status)
    except FAILURES as error:  # what a client writes in a body, or a file that it sends, can fail anywhere
        found = failure(error, name)
        return "error", EngineError(found.message, found.code, found.status)
    except Exception:
        logger.exception("A request failed in a way that the engine does not know (%s).", name)
        return "error", EngineError("An internal error has occurred.", 500)


def _end_with_server() -> None:
    """End this process as soon as the server's ends, in the middle of a computation too."""
    server = multiprocessing.parent_process()
    if server is None:
        return

    def wait() -> None:
        server.join()
        os._exit(1)

    threading.Thread(target=wait, name="end-with-server", daemon=True).start()
