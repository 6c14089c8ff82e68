"""A local engine in a process of its own, as users start it, and what it costs: memory and processor time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import psutil

__all__ = ["PeakMemory", "Served"]

_START_S = 120.0


class Served:
    """A server on a free port.

    Args:
        state: Its state folder.
        mounts: Folders served as assets, by asset id.
        arguments: More arguments of `ee-floods engine serve`.
    """

    def __init__(self, state: Path, mounts: Mapping[str, Path] | None = None, *arguments: str) -> None:
        self.state = state
        self._ready = state.with_suffix(".ready")
        self.log = state.with_suffix(".log")
        mounted = [word for key, path in (mounts or {}).items() for word in ("--assets", f"{key}={path}")]
        self._command = [
            sys.executable, "-m", "ee_floods", "engine", "serve", "--state", str(state),
            "--ready-file", str(self._ready), "--parent-pid", str(os.getpid()), *mounted, *arguments,
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self, port: int = 0) -> Self:
        """Start and wait until it answers."""
        self._ready.unlink(missing_ok=True)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self._command, "--port", str(port)], stderr=log, stdout=subprocess.DEVNULL
            )
        deadline = time.monotonic() + _START_S
        while not self._ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.002)
        self.url = json.loads(self._ready.read_text())["url"]
        return self

    def stop(self) -> None:
        """End it as a user would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def kill(self) -> None:
        """End it as a power cut would; its workers end with it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self.start() if self.process is None else self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def processes(self) -> list[psutil.Process]:
        """Return the server's process and all below it."""
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            own = psutil.Process(self.process.pid)
            return [own, *own.children(recursive=True)]
        return []

    def memory(self) -> dict[str, int]:
        """Return the bytes of each of its processes, by what it does; shared pages count in shares.

        So the sum counts each page once. A worker's name ends with its id: one that died has a successor.
        """
        own = self.process.pid if self.process else 0

        def named(process: psutil.Process) -> tuple[str, int]:
            if process.pid == own:
                role = "server"
            elif process.ppid() == own:
                role = "fork server" if "forkserver" in " ".join(process.cmdline()) else "resource tracker"
            else:
                role = f"worker {process.pid}"
            return role, _memory(process)

        return dict(_each(self.processes(), named))

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes that live."""
        return float(sum(_each(self.processes(), lambda process: sum(process.cpu_times()[:2]))))

    def workers(self) -> list[int]:
        """Return the ids of the worker processes: what the fork server has forked."""
        return [
            process.pid
            for process in self.processes()[1:]
            if process.ppid() != (self.process.pid if self.process else 0)
        ]


class PeakMemory:
    """Greatest memory of a server while the block runs, MiB; with all samples, for a slope.

    A sample is a time in s and the memory of each process in MiB, see `Served.memory`.
    """

    def __init__(self, served: Served, every_s: float = 0.1) -> None:
        self._served, self._every_s = served, every_s
        self.samples: list[tuple[float, dict[str, float]]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def mib(self) -> float:
        """The peak so far."""
        return max((sum(used.values()) for _, used in self.samples), default=0.0)

    def _sample(self) -> None:
        while True:
            used = {role: size / 2**20 for role, size in self._served.memory().items()}
            self.samples.append((time.monotonic(), used))
            if self._stop.wait(self._every_s):
                return


def _memory(process: psutil.Process) -> int:
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    if rollup.exists():  # a tenth of the time of adding up every mapping
        for line in rollup.read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return int(process.memory_full_info().rss)


def _each(processes: list[psutil.Process], measure: Callable[[psutil.Process], Any]) -> Iterator[Any]:
    for process in processes:
        # It may have ended between the listing and the look.
        with contextlib.suppress(psutil.Error, ProcessLookupError, FileNotFoundError):
            yield measure(process)
