"""The REST form of assets: `EarthEngineAsset` resources and listings (reference/rest/v1/projects.assets)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from ee_floods.engine.assets.filters import AssetFilter
from ee_floods.engine.assets.ids import asset_name
from ee_floods.engine.assets.library import CompositeLibrary
from ee_floods.engine.errors import not_found
from ee_floods.engine.evaluator import BandInfo, EvaluatedImage
from ee_floods.engine.paging import first_of_page, size_of_page
from ee_floods.engine.records import AssetRecord, BandRecord, ImageRecord, Library
from ee_floods.engine.state.database import timestamp

__all__ = ["asset_resource", "computed_resource", "image_resource", "list_assets"]

_PAGE = 1000  # assets of one page, unless the client asks for fewer


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


def computed_resource(image: EvaluatedImage) -> dict[str, Any]:
    """Return the resource of an image that was computed; it has no name unless a stored image gave it one."""
    properties = image.properties
    index = str(properties.get("system:index") or "")
    base = AssetRecord(str(properties.get("system:id") or index), "IMAGE", properties)
    resource = _resource(base)
    resource["properties"] = {
        key: value for key, value in resource["properties"].items() if key != "system:footprint"
    }
    del resource["updateTime"]
    resource["bands"] = [_computed_band(band) for band in image.bands]
    footprint = image.footprint
    if footprint is not None:
        resource["geometry"] = footprint
    return resource


def list_assets(
    library: CompositeLibrary,
    parent: str,
    *,
    text_filter: str,
    page_size: str | int | None,
    token: str,
    basic: bool,
) -> tuple[dict[str, Any], bool]:
    """Return one page of what a folder or collection holds, and whether any of it is simulated.

    A collection without end is read no further than the page. A filter narrows collections only, as the
    reference says.

    Raises:
        EngineError: 404 if there is no such folder, 400 for a filter or token that cannot be read.
    """
    record = library.asset(parent)
    if record is None:
        raise not_found(parent)
    first, size = first_of_page(token), size_of_page(page_size, _PAGE)
    wanted = AssetFilter.parse(text_filter) if record.type == "IMAGE_COLLECTION" else AssetFilter()
    found, seen = _members(library, record, wanted, first)
    page: list[tuple[int, dict[str, Any]]] = []
    more = False
    for position, item in enumerate(found, seen):
        if not wanted.admits(item.properties, getattr(item, "footprint", None)):
            continue
        if len(page) == size:
            more = True
            break
        page.append((position, _listed(library, item, basic)))
    answer: dict[str, Any] = {"assets": [resource for _, resource in page]}
    if more:
        answer["nextPageToken"] = str(page[-1][0] + 1)
    marks = [resource.pop("simulated") for _, resource in page]
    return answer, record.simulated or any(marks)


def _members(
    library: CompositeLibrary, record: AssetRecord, wanted: AssetFilter, first: int
) -> tuple[Iterator[ImageRecord | AssetRecord], int]:
    """Return what a page begins with, and its position among what the library lists for these bounds."""
    if record.type == "IMAGE_COLLECTION":
        narrowed: dict[str, Any] = {
            "bounds": wanted.bounds,
            "start_ms": wanted.start_ms,
            "end_ms": wanted.end_ms,
        }
        endless = library.browse(record.id, **narrowed, skip=first)
        if endless is not None:
            return endless, first
        if not wanted.empty:
            return islice(iter(library.collection(record.id, **narrowed) or ()), first, None), first
    return islice(iter(library.children(record.id)), first, None), first


def _listed(library: CompositeLibrary, item: ImageRecord | AssetRecord, basic: bool) -> dict[str, Any]:
    """Return the resource of one member, `simulated` beside it for the caller to take off."""
    if basic:
        type_ = "IMAGE" if isinstance(item, ImageRecord) else item.type
        resource = {"type": type_, "name": asset_name(item.id), "id": item.id}
        if isinstance(item, AssetRecord):
            resource["updateTime"] = item.update_time
    elif isinstance(item, ImageRecord):
        # The record of a simulated scene says nothing more, and making it costs as much as the scene's own.
        resource = image_resource(item, None if item.simulated else library.asset(item.id))
    else:
        image = library.image(item.id) if item.type == "IMAGE" else None
        resource = _resource(item) if image is None else image_resource(image, item)
    return {**resource, "simulated": item.simulated}


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
    if "system:asset_size" in properties:
        resource["sizeBytes"] = str(int(properties["system:asset_size"]))
    # These have fields of their own; a property that is None has no JSON form at the service.
    hidden = ("system:time_start", "system:time_end", "system:asset_size")
    resource["properties"] = {k: v for k, v in properties.items() if k not in hidden and v is not None}
    return resource


def _computed_band(band: BandInfo) -> dict[str, Any]:
    described = band.info["data_type"]
    data_type: dict[str, Any] = {"precision": str(described["precision"]).upper()}
    limits = {key: described[key] for key in ("min", "max") if key in described}
    if limits:
        data_type["range"] = limits
    if described.get("dimensions"):
        data_type["dimensionsCount"] = described["dimensions"]
    a, b, c, d, e, f = band.info["crs_transform"]
    grid: dict[str, Any] = {
        "crsCode": band.info["crs"],
        "affineTransform": {
            "scaleX": a, "shearX": b, "translateX": c, "shearY": d, "scaleY": e, "translateY": f,
        },
    }  # fmt: skip
    if "dimensions" in band.info:
        width, height = band.info["dimensions"]
        grid["dimensions"] = {"width": width, "height": height}
    return {"id": band.name, "dataType": data_type, "grid": grid}


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
