"""Whether a raster fits into memory, asked before reading it rather than answered by the kernel."""

from __future__ import annotations

import os
from pathlib import Path

from ee_floods.errors import InputError

__all__ = ["available_bytes", "check_memory"]


def available_bytes() -> int | None:
    """Return the memory that can be had without swapping, in bytes; None where the system does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        line = next(line for line in text.splitlines() if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def check_memory(needed: int, what: str) -> None:
    """Raise `InputError` with the size and the remedy if `needed` bytes are not there.

    Args:
        needed: Bytes at the peak.
        what: What needs them, for the message: a name and a size in pixels.
    """
    available = available_bytes()
    if available is not None and needed > available:
        raise InputError(
            f"{what} pixels: needs about {needed / 2**30:.1f} GiB of memory, "
            f"{available / 2**30:.1f} GiB are free.",
            remedy="Map it in parts: cut the file with `gdal_translate -srcwin COL ROW WIDTH HEIGHT`, or "
            "give `window=` to `read_radar`.",
        )
