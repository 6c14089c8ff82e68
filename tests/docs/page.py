"""A page of the documentation as a session: its commands run in order, what they print is compared."""

from __future__ import annotations

import doctest
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE_S = 120.0
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Step:
    """A command and what the page says it prints; `pycon` steps are a whole Python session."""

    kind: str
    command: str
    prints: str
    line: int


def steps(page: Path) -> Iterator[Step]:
    """Yield the steps of all fenced `console` and `pycon` blocks."""
    text = page.read_text("utf-8")
    for block in re.finditer(r"^```(console|pycon)\n(.*?)^```$", text, re.M | re.S):
        kind, body = block[1], block[2]
        line = text[: block.start()].count("\n") + 2
        if kind == "pycon":
            yield Step(kind, body, "", line)
            continue
        for part in re.finditer(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", body, re.M):
            yield Step(kind, part[1].replace("\\\n", " "), part[2], line + body[: part.start()].count("\n"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Reader:
    """A reader of the page at a terminal in an empty folder. Commands that end in `&` stay until the end.

    Args:
        folder: Where the commands are run.
        ports: The ports that the page uses; each is replaced by a free one.
    """

    def __init__(self, folder: Path, ports: Iterable[int] = ()) -> None:
        self._ports = {str(port): str(_free_port()) for port in ports}
        self._folder = folder
        self._globals: dict[str, Any] = {"__name__": "page"}
        self._background: list[subprocess.Popen[str]] = []
        # The commands of the environment that runs the tests come first, whether it is activated or not.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self._environment = {**os.environ, "PATH": path, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
        self._environment |= {"HOME": str(folder), "PYTHONUNBUFFERED": "1"}

    def run(self, step: Step) -> None:
        """Run a step.

        Raises:
            AssertionError: If it prints something else than the page says.
        """
        command = self._here(step.command)
        if step.kind == "pycon":
            self._session(command, step.line)
            return
        if command.rstrip().endswith("&"):
            printed = self._start(command.rstrip(" &"), step.prints.count("\n"))
        else:
            done = subprocess.run(
                command, shell=True, cwd=self._folder, env=self._environment, text=True,
                capture_output=True, timeout=_PATIENCE_S,
            )  # fmt: skip
            assert done.returncode == 0, f"line {step.line}: $ {command}\n{done.stdout}{done.stderr}"
            printed = done.stdout
        wanted = self._here(step.prints)
        if not doctest.OutputChecker().check_output(wanted, printed, _FLAGS):
            raise AssertionError(
                f"line {step.line}: $ {command}\nThe page says:\n{wanted}\nIt prints:\n{printed}"
            )

    def _start(self, command: str, lines: int) -> str:
        process = subprocess.Popen(
            f"exec {command}", shell=True, cwd=self._folder, env=self._environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=1,
        )  # fmt: skip
        self._background.append(process)
        assert process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            deadline, printed = time.monotonic() + _PATIENCE_S, ""
            while printed.count("\n") < lines and time.monotonic() < deadline:
                if waiting.select(timeout=1.0):
                    line = process.stdout.readline()
                    if not line:
                        break
                    printed += line
        return printed

    def _session(self, source: str, line: int) -> None:
        examples = doctest.DocTestParser().get_doctest(source, self._globals, "page", None, line)
        runner = doctest.DocTestRunner(optionflags=_FLAGS, verbose=False)
        report: list[str] = []
        before = Path.cwd()
        os.chdir(self._folder)
        try:
            runner.run(examples, out=report.append, clear_globs=False)
        finally:
            os.chdir(before)
        self._globals = examples.globs
        assert runner.failures == 0, "".join(report)

    def _here(self, text: str) -> str:
        for written, free in self._ports.items():
            text = text.replace(written, free)
        return text

    def close(self) -> None:
        """End what runs in the background."""
        for process in self._background:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            if process.stdout is not None:
                process.stdout.close()
