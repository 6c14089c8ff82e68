"""One request: the library it sees, its limits, its reader, and the assets that it used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.limits import Limits
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import ImageRecord, Library
from ee_floods.engine.stored import stored_image
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, Feature
from ee_floods.engine.values.filters import Query
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image

__all__ = ["Request", "not_found_as"]


class Request:
    """What algorithms may ask of the world outside the graph.

    Args:
        library: Finds assets.
        limits: What the request may ask for.
    """

    def __init__(self, library: Library, limits: Limits) -> None:
        self.library = library
        self.limits = limits
        self.reader = Reader(limits)
        self.call: Callable[..., Any] = _no_interpreter
        self._uses: dict[str, bool] = {}
        self._images: dict[str, Image] = {}
        self._listings: dict[tuple[str, Query], list[Element]] = {}

    @property
    def uses(self) -> tuple[AssetUse, ...]:
        """The assets that were loaded so far, by id."""
        return tuple(AssetUse(key, flag) for key, flag in sorted(self._uses.items()))

    def used(self, asset_id: str, simulated: bool) -> None:
        """Note that an asset was loaded."""
        self._uses[asset_id] = self._uses.get(asset_id, False) or simulated

    def image(self, asset_id: str) -> Image:
        """Return a stored image.

        Raises:
            EngineError: If there is none of that id, in the service's words.
        """
        if asset_id not in self._images:
            record = self.library.image(asset_id)
            if record is None:
                raise not_found_as(self.library, asset_id, "Image")
            return self._remember(record)
        return self._images[asset_id]

    def _remember(self, record: ImageRecord) -> Image:
        self.used(record.id, record.simulated)
        found = self._images.get(record.id)
        if found is None:
            found = self._images[record.id] = stored_image(record)
        return found

    def collection(self, asset_id: str) -> Collection:
        """Return a stored image collection; nothing is listed yet."""
        asset = self.library.asset(asset_id)
        if asset is None or asset.type != "IMAGE_COLLECTION":
            raise not_found_as(self.library, asset_id, "ImageCollection")
        self.used(asset_id, asset.simulated)

        def listed(query: Query) -> Iterator[Element]:
            if query.empty:
                return
            # A script that filters one collection month by month lists it as many times.
            known = self._listings.get((asset_id, query))
            if known is not None:
                yield from known
                return
            records = self.library.collection(
                asset_id, bounds=query.bounds, start_ms=query.start, end_ms=query.end
            )
            found: list[Element] = []
            for record in records or ():
                found.append(self._remember(record))
                yield found[-1]
            self._listings[asset_id, query] = found

        return Collection.loaded(listed, id=asset_id, properties=asset.properties, images=True)

    def table(self, asset_id: str) -> Collection:
        """Return a stored feature collection."""
        record = self.library.table(asset_id)
        if record is None:
            raise not_found_as(self.library, asset_id, "FeatureCollection")
        self.used(record.id, record.simulated)

        def listed(query: Query) -> Iterator[Element]:
            for position, feature in enumerate(record.features):
                geometry = feature.get("geometry")
                index = str(feature.get("id", position))
                shape = None if geometry is None else Geometry.from_json(geometry)
                yield Feature(shape, {**(feature.get("properties") or {}), "system:index": index})

        return Collection.loaded(listed, id=asset_id, properties=record.properties, images=False)


def _no_interpreter(*_: Any) -> Any:
    raise RuntimeError("This request has no interpreter.")


def not_found_as(library: Library, asset_id: str, expected: str) -> EngineError:
    """Return the error for an id that is absent, or that is an asset of another type."""
    asset = library.asset(asset_id)
    if asset is None:
        return bad_request(
            f"{expected} asset '{asset_id}' not found (does not exist or caller does not have access)."
        )
    kinds = {"IMAGE": "Image", "IMAGE_COLLECTION": "ImageCollection", "TABLE": "FeatureCollection"}
    actual = kinds.get(asset.type, asset.type.title())
    return bad_request(f"Asset '{asset_id}' is not an {expected}. It is of type {actual}.")
