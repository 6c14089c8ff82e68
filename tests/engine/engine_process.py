"""A local engine in a process of its own, which a test may kill in any way and start again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

_SERVE = """
import json, sys
from pathlib import Path
from ee_floods.engine.serve import ServeOptions, serve

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    mounts = tuple((key, Path(value)) for key, value in given.pop("mounts").items())
    serve(ServeOptions(state=Path(given.pop("state")), ready_file=Path(given.pop("ready_file")),
                       mounts=mounts, **given))
"""
_START_S = 60.0


class EngineProcess:
    """A server, its state folder and its mounts; no simulated world unless it is asked for."""

    def __init__(self, state: Path, mounts: Mapping[str, Path] | None = None, **options: Any) -> None:
        self.state = state
        self._ready = state.with_suffix(".ready")
        self._log = state.with_suffix(".log")
        self._options = {
            "state": str(state),
            "ready_file": str(self._ready),
            "mounts": {key: str(value) for key, value in (mounts or {}).items()},
            "world": False,
            **options,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> EngineProcess:
        script = self.state.with_suffix(".py")
        script.write_text(_SERVE)
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(script), json.dumps(self._options)], stderr=log
            )
        deadline = time.monotonic() + _START_S
        while not self._ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.failure())
            time.sleep(0.02)
        self.url = json.loads(self._ready.read_text())["url"]
        return self

    def failure(self) -> str:
        """End the process and return what it wrote."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        return self._log.read_text()

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._ready.unlink(missing_ok=True)

    def stop(self) -> int:
        """End it as a user would; return its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(timeout=30)

    def get(self, path: str, **parameters: Any) -> Any:
        response = requests.get(self.url + path, params=parameters, timeout=60)
        response.raise_for_status()
        return response.json()

    def reads(self, since_us: int = 0) -> list[dict[str, Any]]:
        return self.get("/ee-floods/v1/reads", since=since_us)["reads"]
