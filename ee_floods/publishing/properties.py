"""A product's properties as an asset can hold them: flat, and of numbers and strings only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["CONTENT_KEY", "asset_properties"]

CONTENT_KEY = "content_sha256"
"""Property that holds the SHA-256 of the product file; tells whether an asset is the same product."""


def asset_properties(document: Mapping[str, Any], sha256: str) -> dict[str, str | float]:
    """Return the properties of a product's asset.

    Mappings are flattened with `_` between the names, lists become JSON text, truth values 1 and 0, and what
    is None is left out: assets hold numbers and strings.

    Args:
        document: The product's properties, as JSON; `simulated` among them.
        sha256: Checksum of the file.
    """
    flat: dict[str, str | float] = {}
    _flatten("", document, flat)
    flat["simulated"] = int(bool(document.get("simulated")))
    flat[CONTENT_KEY] = sha256
    return flat


def _flatten(prefix: str, document: Mapping[str, Any], flat: dict[str, str | float]) -> None:
    for name, value in document.items():
        key = re.sub(r"[^A-Za-z0-9_]+", "_", f"{prefix}{name}")
        if value is None:
            continue
        if isinstance(value, Mapping):
            _flatten(f"{key}_", value, flat)
        elif isinstance(value, list | tuple):
            flat[key] = json.dumps(list(value), sort_keys=True)
        elif isinstance(value, bool):
            flat[key] = int(value)
        elif isinstance(value, int | float):
            flat[key] = value
        else:
            flat[key] = str(value)
