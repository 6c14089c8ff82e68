"""Geometries of whole collections."""

from __future__ import annotations

import numpy as np
import shapely

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.geometry import Geometry

__all__ = ["as_area", "collection_geometry"]


def as_area(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a valid shape: rings (image footprints) become polygons, parts that overlap their union."""
    if shape.geom_type == "LinearRing":
        shape = shapely.Polygon(shape)
    if shape.is_valid:
        return shape
    if hasattr(shape, "geoms"):
        return shapely.union_all([as_area(part) for part in shape.geoms])
    if not np.isfinite(shape.bounds).all():
        raise bad_request("The geometry has no place in this projection.")
    return shapely.make_valid(shape)  # a ring that crosses itself is filled by the even-odd rule


def collection_geometry(collection: Collection) -> Geometry:
    """Return the union of all geometries; the unbounded one as soon as one element is unbounded."""
    geometries = [element.geometry for element in collection]
    found = [geometry for geometry in geometries if geometry is not None]
    if any(geometry.unbounded for geometry in found):
        return Geometry.everywhere()
    if len(found) == 1:
        return found[0]
    return Geometry(shapely.union_all([as_area(g.planar()) for g in found]), geodesic=False)
