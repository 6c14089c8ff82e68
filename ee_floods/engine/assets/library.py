"""One library made of several: the first that holds an asset answers for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from ee_floods.engine.records import AssetRecord, ImageRecord, Library, TableRecord

__all__ = ["Browsable", "CompositeLibrary"]


@runtime_checkable
class Browsable(Protocol):
    """A library that holds collections too long to be listed as a whole."""

    def browse(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
        skip: int = 0,
    ) -> Iterator[ImageRecord] | None:
        """Yield the images of such a collection one by one, after the first `skip`; None for others."""


class CompositeLibrary:
    """Asks its parts in order: created assets, then mounted folders, then the simulated world.

    A created asset hides one of the same id in a later part, so a client can put its own data in place of the
    world's, never the other way round.
    """

    def __init__(self, parts: Sequence[Library]) -> None:
        self._parts = tuple(parts)

    def asset(self, asset_id: str) -> AssetRecord | None:
        """Return the record of an asset, or None."""
        found = (part.asset(asset_id) for part in self._parts)
        records = [record for record in found if record is not None]
        # The created part answers for every root folder; a later part may know more about the same id.
        return next(
            (record for record in records if record.type != "FOLDER"), records[0] if records else None
        )

    def image(self, asset_id: str) -> ImageRecord | None:
        """Return an image, or None."""
        for part in self._parts:
            found = part.image(asset_id)
            if found is not None:
                return found
        return None

    def collection(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
    ) -> Iterable[ImageRecord] | None:
        """Return the images of a collection in order of id, or None."""
        for part in self._parts:
            found = part.collection(asset_id, bounds=bounds, start_ms=start_ms, end_ms=end_ms)
            if found is not None:
                return found
        return None

    def table(self, asset_id: str) -> TableRecord | None:
        """Return a table, or None."""
        for part in self._parts:
            found = part.table(asset_id)
            if found is not None:
                return found
        return None

    def browse(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
        skip: int = 0,
    ) -> Iterator[ImageRecord] | None:
        """Yield the images of a collection that is too long to be listed as a whole; None for others."""
        for part in self._parts:
            if isinstance(part, Browsable):
                return part.browse(asset_id, bounds=bounds, start_ms=start_ms, end_ms=end_ms, skip=skip)
            if part.asset(asset_id) is not None:
                return None  # a part in front hides the long collection of the same id
        return None

    def children(self, parent_id: str) -> Iterable[AssetRecord]:
        """Return the assets directly in a folder or collection, of all parts, in order of id."""
        merged: dict[str, AssetRecord] = {}
        for part in self._parts:
            for record in part.children(parent_id):
                merged.setdefault(record.id, record)
        return [merged[key] for key in sorted(merged)]
