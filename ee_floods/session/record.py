"""The session: which Earth Engine a process talks to, and where its storage is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

__all__ = ["Session", "Target"]

Target = Literal["earthengine", "local"]


@dataclass(frozen=True)
class Session:
    """A connection of this process to one Earth Engine.

    Args:
        target: `"earthengine"` (the real service) or `"local"`.
        project: Cloud project that requests are made for.
        url: Base URL of the API.
        state: Folder of the local engine's assets, tasks and buckets, where it is known.
        storage_endpoint: Base URL of the Cloud Storage API; None is Google's own.
        credentials: What both clients authenticate with.
        adopted: Whether the user called `ee.Initialize` himself: such a session is never taken down.
        mounts: Folders that the local engine serves as assets, by asset id.
    """

    target: Target
    project: str
    url: str
    state: Path | None = None
    storage_endpoint: str | None = None
    credentials: Any = field(default=None, repr=False, compare=False)
    adopted: bool = False
    mounts: Mapping[str, Path] = field(default_factory=dict)
    on_close: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    """Called by `close`; stops what this session started."""
    running: Callable[[], bool] | None = field(default=None, repr=False, compare=False)
    """Says whether the engine that this session started is alive; None where it started none."""

    def close(self) -> None:
        """End the session; stops the local engine only if this session started it. May be called twice."""
        if self.on_close is not None:
            self.on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
