"""What works here: versions, credentials, memory, disk, GPU, browser, settings and where each came from."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ee_floods import __version__

__all__ = ["Finding", "examine"]

_PACKAGES = ("earthengine-api", "geemap", "xee", "tensorflow", "keras", "numpy", "rasterio")
_DISK_GIB = 5.0
"""Free disk that the quickstart should find: it writes under 1 GiB, exports of an event a few."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: Literal["ok", "missing", "problem"]
    detail: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)


def examine() -> tuple[Finding, ...]:
    """Look at this machine and its settings; changes nothing and asks nobody."""
    return (*_versions(), *_machine(), *_credentials(), *_settings())


def _versions() -> Iterator[Finding]:
    yield Finding("ee-floods", "ok", f"{__version__} on Python {platform.python_version()}, {sys.platform}")
    for name in _PACKAGES:
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "problem", "not installed", f"pip install {name}")


def _machine() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    yield Finding(
        "machine",
        "ok",
        f"{os.cpu_count()} cores, {memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free",
    )
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    enough = free >= _DISK_GIB
    yield Finding(
        "disk", "ok" if enough else "problem", f"{free:.1f} GiB free here",
        "" if enough else f"Free at least {_DISK_GIB:g} GiB.",
    )  # fmt: skip
    yield _gpu()


def _gpu() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding("GPU", "missing", "none; training runs on the CPU")
    from ee_floods.models.keras_backend import visible_gpus

    found = visible_gpus()
    if found:
        return Finding("GPU", "ok", ", ".join(found))
    return Finding(
        "GPU", "problem", "present, but TensorFlow does not see it", "pip install 'ee-floods[gpu]'"
    )


def _credentials() -> Iterator[Finding]:
    import ee.oauth

    path = Path(ee.oauth.get_credentials_path())
    given = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if path.is_file():
        yield Finding("Earth Engine credentials", "ok", "of `earthengine authenticate`")
    elif given:
        yield Finding("Earth Engine credentials", "ok", "of GOOGLE_APPLICATION_CREDENTIALS")
    else:
        yield Finding(
            "Earth Engine credentials", "missing", "none",
            "`earthengine authenticate`, or `--local` for the local engine",
        )  # fmt: skip


def _settings() -> Iterator[Finding]:
    from ee_floods.config.settings import resolve

    _, origins = resolve()
    for item in origins:
        shown = "not set" if item.value is None else str(item.value)
        yield Finding(
            f"setting {item.name}", "ok" if item.value is not None else "missing", f"{shown} ({item.origin})"
        )
