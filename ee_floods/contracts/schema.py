"""Schema names and versions: `ee-floods/<kind>/<major>.<minor>`."""

from __future__ import annotations

import re
from typing import Any

from ee_floods.errors import CorruptFileError, FormatVersionError

__all__ = ["VERSIONS", "check_schema", "schema_name"]

VERSIONS = {
    "benchmark": (1, 0),
    "card": (1, 0),
    "dataset": (1, 0),
    "evaluation": (1, 0),
    "pairs": (1, 0),
    "product": (1, 0),
    "report": (1, 0),
}
"""Version written today, by kind. A reader accepts every minor of the same major."""


def schema_name(kind: str) -> str:
    """Return the schema string written today for a kind of file."""
    major, minor = VERSIONS[kind]
    return f"ee-floods/{kind}/{major}.{minor}"


def check_schema(document: Any, kind: str, source: str) -> None:
    """Raise unless `document["schema"]` is of this kind and of a major version that is read here.

    Args:
        document: A parsed document.
        kind: The kind expected, a key of `VERSIONS`.
        source: Where the document came from, for the message.

    Raises:
        CorruptFileError: If there is no schema, or one of another kind.
        FormatVersionError: If the major version is not the one that this package reads.
    """
    name = document.get("schema") if isinstance(document, dict) else None
    match = re.fullmatch(r"ee-floods/([a-z]+)/(\d+)\.(\d+)", str(name))
    if match is None or match[1] != kind:
        raise CorruptFileError(
            f"{source} has schema {name!r}, expected {schema_name(kind)!r}.",
            remedy=f"Give an ee-floods {kind} file.",
        )
    major = VERSIONS[kind][0]
    if int(match[2]) != major:
        newer = int(match[2]) > major
        raise FormatVersionError(
            f"{source} is of schema {name!r}; this version reads ee-floods/{kind}/{major}.x.",
            remedy="Upgrade ee-floods: `pip install -U ee-floods`."
            if newer
            else "Write the file again with this version.",
        )
