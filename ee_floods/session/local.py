"""The local engine's process: started, waited for, and stopped."""

from __future__ import annotations

import atexit
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ee_floods.errors import ConfigError, ServiceError

__all__ = ["LOCAL_PROJECT", "LocalEngine", "check_reachable", "start"]

LOCAL_PROJECT = "local"
"""Project of the local engine: its own assets are `projects/local/assets/...`."""

_START_TIMEOUT_S = 120.0
"""A cold start on a busy two-core laptop takes about 5 s; only a hung process takes minutes."""
_CONNECT_TIMEOUT_S = 5.0
_POLL_S = 0.05
_SAY_AFTER_S = 2.0
"""Every wait of over two seconds says what it waits for."""
_STOP_TIMEOUT_S = 10.0
"""The server answers what is in flight before it goes; then it is killed. Its state survives that."""
_LOG_TAIL_LINES = 15
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LocalEngine:
    """A running local engine that this process started.

    Args:
        url: Base URL on the loopback interface.
        project: Its project.
        state: Folder of its assets, tasks and buckets.
        process: The server's process.
        owner: Id of the process that started it; a fork must not stop its parent's engine.
    """

    url: str
    project: str
    state: Path
    process: subprocess.Popen[bytes]
    owner: int

    @property
    def running(self) -> bool:
        """Whether the server's process is alive."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Stop the server; does nothing in a forked child, or when it is stopped already."""
        atexit.unregister(self.stop)
        if os.getpid() != self.owner or not self.running:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def check_reachable(url: str) -> None:
    """Raise `ServiceError` unless something listens at a URL.

    The client itself would retry a refused connection for half a minute.
    """
    parts = urlsplit(url)
    if parts.hostname is None:
        raise ConfigError(f"`url` {url!r} names no host.", remedy="Give http://127.0.0.1:PORT.")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname, port), _CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise ServiceError(
            f"Nothing answers at {url} ({error}).",
            remedy='Start it with `ee-floods engine serve`, or leave out `url` and give engine="local".',
        ) from error


def start(state: Path, *, project: str, mounts: Mapping[str, Path], world: bool) -> LocalEngine:
    """Start a local engine on a free loopback port and wait until it answers.

    Args:
        state: Folder of its assets, tasks and buckets; made if absent.
        project: Its project.
        mounts: Folders served as assets, by asset id.
        world: Whether it answers for the real dataset ids from the simulated world.

    Raises:
        ConfigError: If `state` cannot be made.
        ServiceError: If the server ends before it is ready, or is not ready in time; with its log's tail.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"`state` {state} cannot be a folder: {error}.", remedy="Give another one (`--state`)."
        ) from error
    ready = state / f"ready-{os.getpid()}-{time.monotonic_ns()}.json"
    log = state / "engine.log"
    command = _command(state, ready, project=project, mounts=mounts, world=world)
    with log.open("ab") as sink:
        begin = sink.tell()
        # A session of its own: Ctrl-C reaches the client alone, which then stops the engine in order.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        document = _wait(process, ready, log, begin)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        ready.unlink(missing_ok=True)
    engine = LocalEngine(
        str(document["url"]).rstrip("/"),
        str(document.get("project", project)),
        Path(str(document.get("state", state))),
        process,
        os.getpid(),
    )
    atexit.register(engine.stop)
    _log.info("The local Earth Engine answers at %s (state in %s).", engine.url, engine.state)
    return engine


def _command(state: Path, ready: Path, *, project: str, mounts: Mapping[str, Path], world: bool) -> list[str]:
    command = [sys.executable, "-m", "ee_floods", "engine", "serve", "--port", "0"]
    command += ["--state", str(state), "--ready-file", str(ready), "--parent-pid", str(os.getpid())]
    command += ["--project", project]
    for asset_id, folder in sorted(mounts.items()):
        command += ["--assets", f"{asset_id}={folder}"]
    return command if world else [*command, "--no-world"]


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path, begin: int) -> dict[str, object]:
    started = time.monotonic()
    said = False
    while True:
        document = _read_ready(ready)
        if document is not None:
            return document
        waited = time.monotonic() - started
        if process.poll() is not None:
            raise ServiceError(
                f"The local Earth Engine ended with code {process.returncode} before it was ready:\n"
                f"{_tail(log, begin)}",
                remedy=f"The whole log is {log}; a free state folder is given with `state=` or `--state`.",
            )
        if waited > _START_TIMEOUT_S:
            raise ServiceError(
                f"The local Earth Engine did not answer within {_START_TIMEOUT_S:.0f} s:\n"
                f"{_tail(log, begin)}",
                remedy=f"See {log}.",
            )
        if waited > _SAY_AFTER_S and not said:
            _log.info("Starting the local Earth Engine ...")
            said = True
        time.sleep(_POLL_S)


def _read_ready(path: Path) -> dict[str, object] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):  # not there, or half written
        return None
    return document if isinstance(document, dict) and "url" in document else None


def _tail(log: Path, begin: int) -> str:
    with log.open("rb") as stream:
        stream.seek(begin)
        lines = stream.read().decode("utf-8", "replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-_LOG_TAIL_LINES:]) or "    (its log is empty)"
