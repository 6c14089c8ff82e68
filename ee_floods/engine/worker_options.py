"""What a worker process serves; apart from the worker, so that the server need not load the evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["WorkerOptions"]


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker serves.

    Args:
        state: State folder.
        project: Project whose root folder exists from the start.
        mounts: Asset root id and folder of each mounted folder.
        world: Whether the simulated world answers for the real dataset ids.
        limits: Whether the interactive service's limits hold.
    """

    state: Path
    project: str
    mounts: tuple[tuple[str, Path], ...]
    world: bool
    limits: bool
