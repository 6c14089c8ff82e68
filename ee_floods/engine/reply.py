"""What a worker sends back over its pipe: JSON or bytes, and the assets behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ee_floods.contracts.provenance import AssetUse

__all__ = ["Blob", "Document"]


@dataclass(frozen=True)
class Document:
    """A JSON answer and the assets behind it."""

    body: Any
    assets: tuple[AssetUse, ...]


@dataclass(frozen=True)
class Blob:
    """A binary answer and the assets behind it."""

    body: bytes
    media_type: str
    assets: tuple[AssetUse, ...]
    filename: str = ""
