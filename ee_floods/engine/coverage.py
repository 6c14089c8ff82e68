"""Which of Earth Engine's algorithms the local engine has."""

from __future__ import annotations

from ee_floods.engine.registry import algorithms
from ee_floods.engine.signatures import signatures

__all__ = ["coverage"]


def coverage() -> tuple[list[str], list[str]]:
    """Return the names of the algorithms that are there and of those that the client knows and are not."""
    present = set(algorithms())
    return sorted(present), sorted(set(signatures()) - present)
