"""Signatures of Earth Engine's algorithms, read from the installed `earthengine-api` wheel."""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ee_floods.errors import MissingExtraError

__all__ = ["Argument", "Signature", "algorithms_document", "signature", "signatures"]


@dataclass(frozen=True)
class Argument:
    """One argument of an algorithm."""

    name: str
    type: str
    optional: bool
    default: Any


@dataclass(frozen=True)
class Signature:
    """An algorithm as the service lists it."""

    name: str
    arguments: tuple[Argument, ...]
    returns: str

    def __str__(self) -> str:
        return f"{self.name}({', '.join(argument.name for argument in self.arguments)})"


@functools.cache
def algorithms_document() -> Mapping[str, Any]:
    """Return the answer of the service's `algorithms.list`, as the wheel ships it for its own tests.

    Raises:
        MissingExtraError: If the wheel does not ship it.
    """
    spec = importlib.util.find_spec("ee")  # finds the package without importing it
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / "tests" / "algorithms.json"
        if path.is_file():
            document: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            return document
    raise MissingExtraError(
        "The local engine reads the signatures of Earth Engine's algorithms from `ee/tests/algorithms.json` "
        "of the installed earthengine-api, and it is not there.",
        remedy='Reinstall the wheel that this version was tested with: pip install "earthengine-api~=1.7.0".',
    )


@functools.cache
def signatures() -> Mapping[str, Signature]:
    """Return every signature by name, such as `Image.add`."""
    found = {}
    for entry in algorithms_document()["algorithms"]:
        name = entry["name"].removeprefix("algorithms/")
        arguments = tuple(
            Argument(
                item["argumentName"],
                item["type"].split("<")[0] if not item["type"].startswith("List<") else item["type"],
                bool(item.get("optional")),
                item.get("defaultValue"),
            )
            for item in entry.get("arguments", ())
        )
        found[name] = Signature(name, arguments, entry["returnType"].split("<")[0])
    return found


def signature(name: str) -> Signature | None:
    """Return the signature of an algorithm, or None if the service has no such algorithm."""
    return signatures().get(name)
