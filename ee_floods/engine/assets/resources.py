"""The REST form of assets: `EarthEngineAsset` resources and listings (reference/rest/v1/projects.assets)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import numpy as np

from ee_floods.engine.assets.created import rfc3339_ms
from ee_floods.engine.assets.footprints import Bounds, bounds_of, overlaps
from ee_floods.engine.assets.ids import asset_name
from ee_floods.engine.errors import bad_request, not_found
from ee_floods.engine.records import AssetRecord, BandRecord, ImageRecord, Library
from ee_floods.engine.state.database import timestamp

__all__ = ["AssetFilter", "asset_resource", "image_resource", "list_assets"]

_PAGE = 1000  # assets of one page, unless the client asks for fewer
_CLAUSE = re.compile(r"\s+AND\s+")
_COMPARISON = re.compile(r"\s*([\w.:\"-]+?)\s*(>=|<=|!=|=|>|<)\s*(.+?)\s*", re.DOTALL)
_INTERSECTS = re.compile(r"\s*intersects\(\"(.*)\"\)\s*", re.DOTALL)
_OPERATORS = {">=": ge, "<=": le, "!=": ne, "=": eq, ">": gt, "<": lt}


@dataclass(frozen=True)
class AssetFilter:
    """What a listing is narrowed by: times in ms, bounds in degrees, comparisons of properties."""

    start_ms: float | None = None
    end_ms: float | None = None
    bounds: Bounds | None = None
    properties: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> AssetFilter:
        """Read a filter such as `startTime >= "..." AND intersects("{...}") AND properties.x < 3`.

        Raises:
            EngineError: If a clause is of another kind.
        """
        found = cls()
        for clause in _CLAUSE.split(text) if text.strip() else ():
            shape = _INTERSECTS.fullmatch(clause)
            if shape is not None:
                try:
                    geometry = json.loads(shape[1].replace("'", '"'))
                except ValueError as error:
                    raise bad_request(f"Invalid geometry in filter: {shape[1][:100]}") from error
                found = replace(found, bounds=bounds_of(geometry))
                continue
            match = _COMPARISON.fullmatch(clause)
            if match is None:
                raise bad_request(f"Invalid filter clause: '{clause}'.")
            name, operator, value = match[1], match[2], match[3].strip('"')
            if name == "startTime" and operator in (">=", ">"):
                found = replace(found, start_ms=rfc3339_ms(value))
            elif name in ("endTime", "startTime") and operator in ("<", "<="):
                found = replace(found, end_ms=rfc3339_ms(value))
            elif name.startswith("properties."):
                key = name.removeprefix("properties.").strip('"')
                found = replace(found, properties=(*found.properties, (key, operator, value)))
            else:
                raise bad_request(f"Invalid filter clause: '{clause}'.")
        return found

    @property
    def spatiotemporal(self) -> bool:
        """Whether it names times or a region."""
        return self.start_ms is not None or self.end_ms is not None or self.bounds is not None

    def admits(self, properties: Mapping[str, Any], footprint: Mapping[str, Any] | None) -> bool:
        """Whether an asset with these properties and this footprint is in."""
        start, end = properties.get("system:time_start"), properties.get("system:time_end")
        if self.start_ms is not None and (start is None or start < self.start_ms):
            return False
        last = end if end is not None else start
        if self.end_ms is not None and (last is None or last >= self.end_ms):
            return False
        if not overlaps(bounds_of(footprint), self.bounds):
            return False
        return all(_compare(properties.get(key), op, value) for key, op, value in self.properties)


def asset_resource(library: Library, asset_id: str) -> tuple[dict[str, Any], bool]:
    """Return the resource of an asset, bands and footprint with it, and whether it is simulated.

    Raises:
        EngineError: 404 if there is none.
    """
    record = library.asset(asset_id)
    image = library.image(asset_id) if record is None or record.type == "IMAGE" else None
    if image is not None:
        return image_resource(image, record), image.simulated
    if record is None:
        raise not_found(asset_id)
    return _resource(record), record.simulated


def image_resource(image: ImageRecord, record: AssetRecord | None = None) -> dict[str, Any]:
    """Return the resource of an image."""
    base = record or AssetRecord(image.id, "IMAGE", image.properties, image.simulated)
    resource = _resource(replace(base, properties=image.properties, simulated=image.simulated))
    resource["bands"] = [_band(band) for band in image.bands]
    if image.footprint is not None:
        resource["geometry"] = dict(image.footprint)
    return resource


def list_assets(
    library: Library, parent: str, *, text_filter: str, page_size: int, token: str, basic: bool
) -> tuple[dict[str, Any], bool]:
    """Return one page of what a folder or collection holds, and whether any of it is simulated.

    Raises:
        EngineError: 404 if there is no such folder, 400 for a filter or token that cannot be read.
    """
    record = library.asset(parent)
    if record is None:
        raise not_found(parent)
    if token and not token.isdigit():
        raise bad_request("Invalid page token.")
    first, size = int(token or 0), page_size or _PAGE
    wanted = AssetFilter.parse(text_filter)
    if record.type == "IMAGE_COLLECTION" and (wanted.spatiotemporal or wanted.properties or not basic):
        images = library.collection(
            parent, bounds=wanted.bounds, start_ms=wanted.start_ms, end_ms=wanted.end_ms
        )
        found: Iterable[dict[str, Any]] = (
            image_resource(image)
            for image in images or ()
            if wanted.admits(image.properties, image.footprint)
        )
    else:
        found = (
            _resource(child) for child in library.children(parent) if wanted.admits(child.properties, None)
        )
    page = list(islice(found, first, first + size + 1))
    answer: dict[str, Any] = {"assets": [_basic(item) if basic else item for item in page[:size]]}
    if len(page) > size:
        answer["nextPageToken"] = str(first + size)
    simulated = any(bool(item.get("properties", {}).get("simulated")) for item in page[:size])
    return answer, simulated or record.simulated


def _resource(record: AssetRecord) -> dict[str, Any]:
    properties = dict(record.properties)
    resource: dict[str, Any] = {
        "type": record.type,
        "name": asset_name(record.id),
        "id": record.id,
        "updateTime": record.update_time,
    }
    for name, key in (("system:time_start", "startTime"), ("system:time_end", "endTime")):
        if isinstance(properties.get(name), (int, float)):
            resource[key] = timestamp(int(properties[name] * 1000))
    if record.simulated:
        properties["simulated"] = True
    # Times have fields of their own; a property that is None has no JSON form at the service.
    hidden = ("system:time_start", "system:time_end")
    resource["properties"] = {k: v for k, v in properties.items() if k not in hidden and v is not None}
    return resource


def _basic(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {key: resource[key] for key in ("type", "name", "id", "updateTime") if key in resource}


def _band(band: BandRecord) -> dict[str, Any]:
    dtype = np.dtype(band.dtype)
    data_type: dict[str, Any] = {"precision": "DOUBLE" if dtype == np.float64 else "FLOAT"}
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        low, high = band.valid_range or (int(info.min), int(info.max))
        data_type = {"precision": "INT", "range": {"min": low, "max": high}}
    return {
        "id": band.name,
        "dataType": data_type,
        "grid": band.grid.pixel_grid,
        "pyramidingPolicy": band.pyramid,
    }


def _compare(value: Any, operator: str, text: str) -> bool:
    if value is None:
        return False  # a filter on a missing property is false
    try:
        other: Any = type(value)(text) if isinstance(value, (int, float, str)) else text
        return bool(_OPERATORS[operator](value, other))
    except (TypeError, ValueError):
        return False
