"""Provenance: which assets a result was computed from, and whether any of them was simulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["SIMULATED", "AssetUse", "Provenance"]

SIMULATED = "SIMULATED"
"""The word that stands wherever a person looks at something computed from simulated data."""


@dataclass(frozen=True, order=True)
class AssetUse:
    """One asset that a result was computed from."""

    id: str
    simulated: bool


@dataclass(frozen=True)
class Provenance:
    """The assets and files behind a result; simulated as soon as one of them is.

    Args:
        assets: Earth Engine assets, by id.
        files: Names (not paths) of local files.
    """

    assets: tuple[AssetUse, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether at least one asset is simulated."""
        return any(use.simulated for use in self.assets)

    @property
    def mark(self) -> str:
        """`"SIMULATED"` or the empty string."""
        return SIMULATED if self.simulated else ""

    def merged(self, *others: Provenance) -> Provenance:
        """Return the union of several provenances, sorted; simulated wins over not."""
        uses: dict[str, bool] = {}
        for use in (use for item in (self, *others) for use in item.assets):
            uses[use.id] = uses.get(use.id, False) or use.simulated
        files = sorted({name for item in (self, *others) for name in item.files})
        return Provenance(tuple(AssetUse(k, v) for k, v in sorted(uses.items())), tuple(files))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return {
            "simulated": self.simulated,
            "assets": [{"id": use.id, "simulated": use.simulated} for use in self.assets],
            "files": list(self.files),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Provenance:
        """Read the form of `to_dict`."""
        assets: Iterable[Mapping[str, Any]] = document.get("assets", ())
        return cls(
            tuple(AssetUse(str(item["id"]), bool(item["simulated"])) for item in assets),
            tuple(str(name) for name in document.get("files", ())),
        )
