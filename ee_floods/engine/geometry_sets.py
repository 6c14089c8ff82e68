"""Geometries of whole collections."""

from __future__ import annotations

import shapely

from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.geometry import Geometry

__all__ = ["as_area", "collection_geometry"]


def as_area(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a valid shape; rings (image footprints) become polygons."""
    if shape.geom_type == "LinearRing":
        shape = shapely.Polygon(shape)
    return shape if shape.is_valid else shapely.make_valid(shape)


def collection_geometry(collection: Collection) -> Geometry:
    """Return the union of all geometries; the unbounded one as soon as one element is unbounded."""
    geometries = [element.geometry for element in collection]
    found = [geometry for geometry in geometries if geometry is not None]
    if any(geometry.unbounded for geometry in found):
        return Geometry.everywhere()
    if len(found) == 1:
        return found[0]
    return Geometry(shapely.union_all([as_area(g.planar()) for g in found]), geodesic=False)
