"""The unmodified `earthengine` command line, run often without paying for its start each time.

Its modules switch TensorFlow to its first version's behaviour, so they are never imported into the process of
the tests. `Shell` keeps one process that calls the same `main` as the executable does. Both run as where
TensorFlow is not installed, which the command line allows: only `model prepare` needs it, and importing it
takes more than ten seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXECUTABLE = Path(sys.executable).with_name("earthengine")

_SHELL = """
import contextlib, io, json, sys
from ee.cli import eecli

for line in sys.stdin:
    sys.argv = ["earthengine", *json.loads(line)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            eecli.main()
        except SystemExit as end:
            code = end.code or 0
        except Exception as error:
            code = repr(error)
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


@dataclass(frozen=True)
class Result:
    """What one command ended with."""

    code: Any
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Shell:
    """Runs commands with the credentials of an engine's state folder.

    `folder` is an empty one; a module in it stands in for TensorFlow's absence.
    """

    def __init__(self, state: Path, folder: Path) -> None:
        (folder / "tensorflow.py").write_text("raise ImportError('not installed')\n")
        self._environment = {**os.environ, "PYTHONPATH": str(folder)}
        self._flags = [
            "--service_account_file",
            str(state / "service-account.json"),
            "--ee_config",
            str(state / "earthengine-config.json"),
        ]
        self._process: subprocess.Popen[str] | None = None

    def execute(self, *command: str) -> Result:
        """Run the executable itself, as a person does."""
        done = subprocess.run(
            [str(EXECUTABLE), *self._flags, *command],
            capture_output=True,
            text=True,
            timeout=120,
            env=self._environment,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def run(self, *command: str) -> Result:
        """Run a command in the process that is kept."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SHELL],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=self._environment,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([*self._flags, *command]) + "\n")
        self._process.stdin.flush()
        return Result(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
