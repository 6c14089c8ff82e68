"""Which of Earth Engine's algorithms the local engine has, and of what it lacks, the most used first."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ee_floods.engine.registry import algorithms
from ee_floods.engine.signatures import signatures

__all__ = ["MOST_COUNTED", "coverage", "families", "uses"]

MOST_COUNTED = 10
"""Where the counts of `usage.json` end: this many files, or more."""

_USAGE = Path(__file__).with_name("usage.json")
_OF_THE_INTERPRETER = frozenset({"If"})  # lazy in its arguments, so no function of values


def coverage() -> tuple[list[str], list[str]]:
    """Return the names of the algorithms that are there, and of those that the client knows and are not.

    The missing ones come in order of use, then of name.
    """
    present = set(algorithms()) | _OF_THE_INTERPRETER
    counted = uses()
    missing = set(signatures()) - present
    return sorted(present), sorted(missing, key=lambda name: (-counted.get(name, 0), name))


def families(present: Iterable[str], missing: Iterable[str]) -> list[tuple[str, int, int]]:
    """Return each family (`Image`, ...; the rest as `others`) with how many are there and missing."""
    there, lacking = (Counter(name.partition(".")[0] for name in names) for names in (present, missing))
    whole = there + lacking
    large = sorted(family for family, count in whole.items() if count > 1)
    rows = [(family, there[family], lacking[family]) for family in large]
    single = [family for family, count in whole.items() if count == 1]
    if single:
        rows.append(("others", sum(there[name] for name in single), sum(lacking[name] for name in single)))
    return rows


@functools.cache
def uses() -> dict[str, int]:
    """Return in how many public files a call was found; `usage.json` says where and how it was counted."""
    counted: dict[str, int] = json.loads(_USAGE.read_text(encoding="utf-8"))["files"]
    return counted
