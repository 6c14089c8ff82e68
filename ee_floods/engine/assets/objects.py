"""GeoTIFFs among the storage objects as images: what `Image.loadGeoTIFF` reads, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterable

from ee_floods.engine.assets.footprints import footprint_of
from ee_floods.engine.assets.geotiff import GeoTiff, inspect
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.records import AssetRecord, ImageRecord, TableRecord
from ee_floods.engine.storage.store import ObjectStore, parse_uri

__all__ = ["GeoTiffObjects"]


class GeoTiffObjects:
    """The library of the GeoTIFFs in the engine's own buckets, by `gs://bucket/object`.

    No asset id is such a URI, so these images are in no listing and no folder.

    Args:
        store: The buckets. An object is a file of the state folder, so no URI leads anywhere else.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def image(self, asset_id: str) -> ImageRecord | None:
        """Return the GeoTIFF of a URI, None for any other id.

        Raises:
            EngineError: If there is no such object, or it is no GeoTIFF with a CRS.
        """
        if not asset_id.startswith("gs://"):
            return None
        bucket, name = parse_uri(asset_id)
        found = self._store.find(bucket, name)
        if found is None:
            raise bad_request(f"Failed to load the GeoTIFF at `{asset_id}`: no such object.")
        try:
            info = inspect(found.path)
        except EngineError as error:
            raise bad_request(
                f"Failed to load the GeoTIFF at `{asset_id}`: the object is not a GeoTIFF."
            ) from error
        if not info.has_crs:
            raise bad_request(f"Failed to load the GeoTIFF at `{asset_id}`: it has no projection.")
        names = tuple(f"B{number}" for number in range(len(info.names)))
        source = GeoTiff(found.path, names, ("MEAN",) * len(names))
        simulated = found.simulated or info.simulated
        return ImageRecord(asset_id, source.records(info), {}, footprint_of(info.grid), simulated, source)

    def asset(self, asset_id: str) -> AssetRecord | None:
        """Return None: an object is no asset."""
        return None

    def collection(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
    ) -> Iterable[ImageRecord] | None:
        """Return None: an object is no collection."""
        return None

    def table(self, asset_id: str) -> TableRecord | None:
        """Return None: an object is no table."""
        return None

    def children(self, parent_id: str) -> Iterable[AssetRecord]:
        """Return nothing: objects are in buckets, not in folders."""
        return []
