"""What an image manifest asks for (reference/rest/v1/ImageManifest), read once from what clients send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ee_floods.engine.assets.created import rfc3339_ms
from ee_floods.engine.assets.geotiff import is_simulated
from ee_floods.engine.assets.ids import asset_id
from ee_floods.engine.assets.pyramid import POLICIES
from ee_floods.engine.errors import bad_request

__all__ = ["ImageManifest", "ManifestBand", "ManifestTileset", "manifest_properties"]


@dataclass(frozen=True)
class ManifestTileset:
    """Files that form one raster: `uris` of each source, and the type its values are stored in."""

    id: str
    sources: tuple[tuple[str, ...], ...]
    dtype: str | None
    crs: str | None


@dataclass(frozen=True)
class ManifestBand:
    """One band of the asset: where it comes from and how it is masked and reduced.

    Args:
        name: Its name.
        tileset: Id of the tileset; empty means the only one.
        index: Band of the tileset, from 0; None means the band's own place in the list.
        policy: Pyramiding policy.
        missing: Values that mean no data.
    """

    name: str
    tileset: str
    index: int | None
    policy: str
    missing: tuple[float, ...]


@dataclass(frozen=True)
class ImageManifest:
    """The whole manifest; `bands` is empty where the files name them."""

    id: str
    tilesets: tuple[ManifestTileset, ...]
    bands: tuple[ManifestBand, ...]
    policy: str
    missing: tuple[float, ...]
    properties: Mapping[str, Any]
    simulated: bool

    @classmethod
    def parse(cls, manifest: Mapping[str, Any]) -> ImageManifest:
        """Read a manifest.

        Raises:
            EngineError: If it names no sources, or something that does not exist.
        """
        policy = _policy(manifest.get("pyramidingPolicy"), "MEAN")
        missing = _missing(manifest.get("missingData"), ())
        prefix = str(manifest.get("uriPrefix") or "")
        tilesets = tuple(_tileset(item, prefix) for item in manifest.get("tilesets") or ())
        if not tilesets or not all(tileset.sources for tileset in tilesets):
            raise bad_request("Manifest must contain at least one tileset with sources.")
        bands = tuple(
            ManifestBand(
                str(band.get("id") or ""),
                str(band.get("tilesetId") or band.get("tileset_id") or ""),
                _index(band.get("tilesetBandIndex", band.get("tileset_band_index"))),
                _policy(band.get("pyramidingPolicy"), policy),
                _missing(band.get("missingData"), missing),
            )
            for band in manifest.get("bands") or ()
        )
        names = [band.name for band in bands]
        if len(set(names)) != len(names) or not all(names):
            raise bad_request(f"Band IDs must be given and differ, received {names}.")
        properties = manifest_properties(manifest)
        return cls(
            asset_id(str(manifest.get("name") or "")),
            tilesets,
            bands,
            policy,
            missing,
            {k: v for k, v in properties.items() if k != "simulated"},
            is_simulated({"simulated": properties.get("simulated", "")}),
        )


def manifest_properties(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a manifest, its times among them."""
    properties = dict(manifest.get("properties") or {})
    for key, snake, name in (
        ("startTime", "start_time", "system:time_start"),
        ("endTime", "end_time", "system:time_end"),
    ):
        value = manifest.get(key, manifest.get(snake))
        if isinstance(value, Mapping):
            properties[name] = float(value.get("seconds") or 0) * 1000 + float(value.get("nanos") or 0) / 1e6
        elif value is not None:
            properties[name] = rfc3339_ms(str(value))
    return properties


def _tileset(item: Mapping[str, Any], prefix: str) -> ManifestTileset:
    sources: Sequence[Mapping[str, Any]] = item.get("sources") or ()
    dtype = item.get("dataType") or item.get("data_type")
    names = {"FLOAT": "float32", "DOUBLE": "float64", "FLOAT32": "float32", "FLOAT64": "float64"}
    return ManifestTileset(
        str(item.get("id") or ""),
        tuple(tuple(prefix + str(uri) for uri in source.get("uris") or ()) for source in sources),
        None if not dtype else names.get(str(dtype).upper(), str(dtype).lower()),
        None if not item.get("crs") else str(item["crs"]),
    )


def _policy(value: Any, default: str) -> str:
    found = str(value or default).upper()
    if found == "PYRAMIDING_POLICY_UNSPECIFIED":
        return default
    if found not in POLICIES:
        raise bad_request(f"Unknown pyramiding policy '{found}'.")
    return found


def _missing(value: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    if not isinstance(value, Mapping):
        return default
    return tuple(float(number) for number in value.get("values") or ())


def _index(value: Any) -> int | None:
    return None if value is None else int(value)
