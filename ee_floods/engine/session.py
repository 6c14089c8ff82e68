"""What the calls of a worker share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.assets.library import CompositeLibrary
from ee_floods.engine.evaluator import Evaluator
from ee_floods.engine.limits import Limits
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.storage.store import ObjectStore

__all__ = ["WorkerSession"]


@dataclass(frozen=True)
class WorkerSession:
    """One worker's library, evaluators and state.

    Args:
        library: Everything that can be loaded.
        limits: Limits of interactive requests.
        interactive: Evaluates interactive requests.
        batch: Evaluates tasks: no bound on size or time.
        folder: State folder; a worker writes to its staging part only, the server publishes.
        store: Storage objects, to be read.
        created: Created assets, to be read.
        progress: Tells the server what fraction of a task is done.
    """

    library: CompositeLibrary
    limits: Limits
    interactive: Evaluator
    batch: Evaluator
    folder: StateFolder
    store: ObjectStore
    created: CreatedAssets
    progress: Callable[[float], None]
