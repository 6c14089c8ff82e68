"""The state folder: where its parts are, and the lock that keeps a second server out."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ee_floods.errors import ConfigError

__all__ = ["FolderLock", "StateFolder", "write_atomically"]


@dataclass(frozen=True)
class StateFolder:
    """Paths of the parts of a state folder.

    Args:
        root: The folder.
        job: Task whose files are staged apart, so that they can be deleted together; empty for none.
    """

    root: Path
    job: str = ""

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "engine.sqlite3"

    @property
    def objects(self) -> Path:
        """Bytes of storage objects, one file each, named by the engine."""
        return self.root / "objects"

    @property
    def assets(self) -> Path:
        """Rasters and tables of created assets, one folder each, named by the engine."""
        return self.root / "assets"

    @property
    def mounted(self) -> Path:
        """What the headers of mounted files say, so that they need not be read again; may be deleted."""
        return self.root / "mounted"

    @property
    def staging(self) -> Path:
        """What is being written; emptied at start, so that nothing half written is ever taken for whole."""
        return self.root / "staging" / self.job

    @property
    def lock(self) -> Path:
        """Held by the living server; its text says which."""
        return self.root / "engine.lock"

    @property
    def token(self) -> Path:
        """The secret that guards the engine; delete it to void every token."""
        return self.root / "access-token"

    @property
    def service_account_key(self) -> Path:
        """The service-account key that clients authenticate with."""
        return self.root / "service-account.json"

    @property
    def client_config(self) -> Path:
        """URL and project, as the `earthengine` command line reads them (`--ee_config`)."""
        return self.root / "earthengine-config.json"

    def create(self) -> None:
        """Make the folders that are missing.

        Raises:
            ConfigError: If that is not possible.
        """
        try:
            for path in (self.root, self.objects, self.assets, self.staging):
                path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The engine cannot keep its state in {self.root} ({error.strerror}).",
                remedy="Give a folder that you may write to.",
            ) from error

    def for_job(self, job: str) -> StateFolder:
        """Return the same folder with a part of its staging folder for one task."""
        return StateFolder(self.root, job)

    def discard_staged(self) -> None:
        """Delete what is staged."""
        shutil.rmtree(self.staging, ignore_errors=True)

    def stage(self, suffix: str = "") -> Path:
        """Return a new path for something to be written; it is on the same file system as the rest."""
        return self.staging / f"{uuid.uuid4().hex}{suffix}"


class FolderLock:
    """An exclusive lock on a state folder, released by the system when the process dies however it dies.

    Args:
        folder: The state folder; it exists.

    Raises:
        ConfigError: If a living server holds it; the message names its process and URL.
    """

    def __init__(self, folder: StateFolder) -> None:
        self._file: IO[str] = folder.lock.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = _parse(self._file.read())
            self._file.close()
            raise ConfigError(
                f"The state folder {folder.root} is in use by a server with pid {holder.get('pid', '?')} "
                f"at {holder.get('url', 'an unknown address')}.",
                remedy="Use that server, stop it, or give another state folder.",
            ) from error

    def describe(self, pid: int, url: str) -> None:
        """Write who holds the lock, for the message that a second server prints."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps({"pid": pid, "url": url}))
        self._file.flush()

    def release(self) -> None:
        """Give the folder back."""
        self._file.close()


def write_atomically(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file so that a reader sees all of it or none.

    Args:
        path: The file; its folder exists.
        text: Its content.
        private: Whether only this user may read it. It is made so, never changed to be so: there is no moment
            at which others could open it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(temporary, flags, 0o600 if private else 0o666), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def _parse(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
