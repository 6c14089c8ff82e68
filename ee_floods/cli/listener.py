"""A walk on a terminal: a line for each step, a bar for the one that is on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ee_floods.cli.console import progress
from ee_floods.errors import IncompleteError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["TerminalListener", "terminal_listener"]


class TerminalListener:
    """Shows the steps of a walk on stderr."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def started(self, step: str) -> None:
        """Open a bar."""
        self._task = self._bars.add_task(step, total=None)

    def advanced(self, step: str, done: int, total: int, detail: str) -> None:
        """Move the bar."""
        if self._task is not None:
            text = f"{step}: {detail}" if detail else step
            self._bars.update(self._task, completed=done, total=total, description=text)

    def finished(self, step: str, seconds: float, summary: str) -> None:
        """Replace the bar by a line."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        self._bars.console.print(
            f"{seconds:6.1f} s  {step}" + (f": {summary}" if summary else ""), markup=False
        )


@contextmanager
def terminal_listener() -> Iterator[TerminalListener]:
    """Yield a listener that lives as long as the walk.

    Raises:
        IncompleteError: If the person interrupts the walk, which can then be resumed.
    """
    with progress() as bars:
        try:
            yield TerminalListener(bars)
        except KeyboardInterrupt as interrupt:
            raise IncompleteError(
                "Interrupted.", remedy="What is done is kept; the same command goes on from there."
            ) from interrupt
