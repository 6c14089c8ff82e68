"""What commands share: messages and progress on stderr, reports on stdout, logs with secrets taken out."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ee_floods.service.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

__all__ = ["RedactingFilter", "emit", "fail", "note", "progress", "set_up_logging", "show", "table"]


class RedactingFilter(logging.Filter):
    """Takes secrets out of every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message; always keep it."""
        record.msg, record.args = redact(record.getMessage()), None
        return True


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry)


def set_up_logging(level: int, log_file: Path | None) -> None:
    """Log this package to stderr from `level` on, and everything to a file of JSON lines."""
    from rich.logging import RichHandler

    logger = logging.getLogger("ee_floods")
    logger.setLevel(logging.DEBUG if log_file else level)
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    handlers: list[logging.Handler] = [RichHandler(console=_stderr(), show_path=False, level=level)]
    if log_file is not None:
        file = logging.FileHandler(log_file, encoding="utf-8")
        file.setFormatter(_JsonLines())
        handlers.append(file)
    for handler in handlers:
        handler.addFilter(RedactingFilter())
        logger.addHandler(handler)


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def note(text: str) -> None:
    """Say something on stderr."""
    _stderr().print(text, markup=False)


def fail(message: str, remedy: str, code: int) -> int:
    """Print an error and its remedy on stderr; return the exit code."""
    console = _stderr()
    console.print(f"[bold red]error:[/] {_plain(message)}", soft_wrap=True)
    if remedy:
        console.print(f"[bold]what to do:[/] {_plain(remedy)}", soft_wrap=True)
    return code


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(redact(text))


def emit(document: Any) -> None:
    """Print a JSON document on stdout: a pydantic document with its aliases, or plain data."""
    if hasattr(document, "to_json"):
        typer.echo(document.to_json(), nl=False)
    else:
        typer.echo(json.dumps(document, indent=2))


def table(title: str, columns: list[tuple[str, str]], rows: list[list[str]]) -> Table:
    """Return a table; columns are `(heading, justify)`."""
    from rich import box
    from rich.table import Table as RichTable

    result = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, justify in columns:
        result.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        result.add_row(*(_cell(value) for value in row))
    return result


def _cell(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def show(renderable: Any) -> None:
    """Print a table or a text on stdout; 100 columns where it is no terminal."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 100, highlight=False).print(renderable)


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress bars on stderr; plain lines where it is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_stderr(), transient=True) as bars:
        yield bars
