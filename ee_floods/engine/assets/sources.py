"""Where the pixels of a created image are: in its own folder, in objects of a bucket, in another library.

The row of an image keeps `bands`, `footprint` and `source`: nothing for one file a band and level (see
`bandfiles`), `{"file"}` for a copied GeoTIFF, `{"objects"}` for a COG-backed image, `{"asset"}` for a copy of
an image that can never change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ee_floods.engine.assets.bandfiles import BandFiles, band_from_dict
from ee_floods.engine.assets.geotiff import GeoTiff, inspect
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.records import BandRecord, ImageRecord, Library, Raster, RasterSource
from ee_floods.engine.storage.store import ObjectStore
from ee_floods.grid import Window

__all__ = ["ObjectBand", "Places", "image_of"]


@dataclass(frozen=True)
class Places:
    """Where pixels may lie.

    Args:
        assets: Folder of the asset folders.
        store: Objects behind COG-backed images.
        unchanging: Library whose images may be referred to; None where there is none.
    """

    assets: Path
    store: ObjectStore
    unchanging: Library | None


@dataclass(frozen=True)
class ObjectBand:
    """One band of a COG-backed image.

    Args:
        name: Its name in the asset.
        bucket: Bucket of the object.
        object: Name of the object.
        generation: Generation that was registered.
        index: Band of the file, from 0.
        policy: Pyramiding policy below the file's own overviews.
        missing: Values that mean no data.
    """

    name: str
    bucket: str
    object: str
    generation: int
    index: int
    policy: str
    missing: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return {**self.__dict__, "missing": list(self.missing)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ObjectBand:
        """Read the form of `to_dict`."""
        return cls(**{**document, "missing": tuple(document["missing"])})


@dataclass(frozen=True)
class _Objects:
    """Reads a COG-backed image from its objects; a `RasterSource`."""

    store: ObjectStore
    bands: tuple[ObjectBand, ...]

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        named = {band.name: band for band in self.bands}
        return [self._read(named[name], level, window) for name in bands]

    def _read(self, band: ObjectBand, level: int, window: Window) -> Raster:
        uri = f"gs://{band.bucket}/{band.object}"
        try:
            stored = self.store.get(band.bucket, band.object)
        except EngineError as error:
            raise bad_request(f"Unable to load external image: '{uri}' does not exist.") from error
        if stored.generation != band.generation:
            raise bad_request(f"Unable to load external image: '{uri}' has changed since it was registered.")
        names = inspect(stored.path).names
        numbered = tuple(str(number) for number in range(len(names)))
        source = GeoTiff(stored.path, numbered, (band.policy,) * len(names))
        (raster,) = source.read([numbered[band.index]], level, window)
        mask = raster.mask
        for value in band.missing:
            mask = np.where(raster.values == value, np.float32(0), mask)
        return Raster(raster.values, mask)


def image_of(
    asset_id: str,
    record: Mapping[str, Any],
    properties: Mapping[str, Any],
    *,
    simulated: bool,
    folder: str | None,
    places: Places,
) -> ImageRecord:
    """Return a created image.

    Args:
        asset_id: Its id.
        record: What its row keeps.
        properties: Its properties.
        simulated: Whether it is marked.
        folder: Name of its folder, if it has one.
        places: Where pixels may lie.

    Raises:
        EngineError: If it refers to an image that is not served here.
    """
    bands = tuple(band_from_dict(band) for band in record["bands"])
    source = _source(record.get("source") or {}, bands, places.assets / (folder or ""), places)
    return ImageRecord(asset_id, bands, properties, record.get("footprint"), simulated, source)


def _source(
    wanted: Mapping[str, Any], bands: tuple[BandRecord, ...], folder: Path, places: Places
) -> RasterSource:
    if "file" in wanted:
        names, policies = tuple(band.name for band in bands), tuple(band.pyramid for band in bands)
        return GeoTiff(folder / wanted["file"], names, policies)
    if "objects" in wanted:
        return _Objects(places.store, tuple(ObjectBand.from_dict(item) for item in wanted["objects"]))
    if "asset" in wanted:
        image = places.unchanging.image(wanted["asset"]) if places.unchanging is not None else None
        if image is None:
            raise bad_request(
                f"The image is a copy of '{wanted['asset']}', which this server does not hold (--no-world)."
            )
        return image.source
    return BandFiles(folder, bands)
