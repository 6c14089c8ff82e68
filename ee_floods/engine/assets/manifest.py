"""What an image manifest asks for (reference/rest/v1/ImageManifest), read once from what clients send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ee_floods.engine.assets.geotiff import is_simulated
from ee_floods.engine.assets.ids import asset_id
from ee_floods.engine.assets.pyramid import POLICIES
from ee_floods.engine.assets.times import rfc3339_ms
from ee_floods.engine.errors import bad_request

__all__ = [
    "ImageManifest",
    "ManifestBand",
    "ManifestMask",
    "ManifestTileset",
    "band_layout",
    "manifest_properties",
]


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
class ManifestMask:
    """A mask: the last band of a tileset, valid where it is not 0; no `bands` means every band."""

    tileset: str
    bands: tuple[str, ...]


@dataclass(frozen=True)
class ImageManifest:
    """The whole manifest; `bands` is empty where the files name them."""

    id: str
    tilesets: tuple[ManifestTileset, ...]
    bands: tuple[ManifestBand, ...]
    masks: tuple[ManifestMask, ...]
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
            tuple(_mask(item) for item in manifest.get("maskBands") or manifest.get("mask_bands") or ()),
            policy,
            missing,
            {k: v for k, v in properties.items() if k != "simulated"},
            is_simulated({"simulated": properties.get("simulated", "")}),
        )


def band_layout(
    manifest: ImageManifest, names: Mapping[str, Sequence[str]]
) -> list[tuple[ManifestBand, str, int]]:
    """Return what the asset's bands are made of: each with its tileset and its place in the file.

    Args:
        manifest: Lists the bands, or leaves them to the files.
        names: Band names of the files of each tileset; a mask's is its last one.

    Raises:
        EngineError: If a band is in no file.
    """
    masks = {mask.tileset for mask in manifest.masks}
    if not manifest.bands:
        # A mask in a file of its own makes no band; as the last one of a file it only ends the list.
        several = len([key for key, found in names.items() if key not in masks or len(found) > 1]) > 1
        return [
            (
                ManifestBand(
                    f"{key}_{name}" if several else name, key, None, manifest.policy, manifest.missing
                ),
                key,
                index,
            )
            for key, found in names.items()
            for index, name in enumerate(found[: len(found) - (key in masks)])
        ]
    only = next(iter(names))
    chosen = []
    for place, wanted in enumerate(manifest.bands):
        key = wanted.tileset or only
        if key not in names:
            raise bad_request(f"Band '{wanted.name}' names the unknown tileset '{key}'.")
        found = names[key]
        index = place if wanted.index is None and len(names) == 1 else (wanted.index or 0)
        if wanted.index is None and wanted.name in found:
            index = list(found).index(wanted.name)
        if index >= len(found):
            raise bad_request(
                f"Band '{wanted.name}' is band {index} of a tileset that has {len(found)} band(s)."
            )
        chosen.append((wanted, key, index))
    return chosen


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


def _mask(item: Mapping[str, Any]) -> ManifestMask:
    bands = item.get("bandIds") or item.get("band_ids") or ()
    return ManifestMask(
        str(item.get("tilesetId") or item.get("tileset_id") or ""), tuple(str(name) for name in bands)
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
