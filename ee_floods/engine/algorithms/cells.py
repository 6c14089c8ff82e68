"""Cells of the S2 grid as polygons."""

from __future__ import annotations

from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.geometry import Geometry

_DIGITS = 16  # of a token with its trailing zeros


def _polygon(number: int) -> Geometry:
    import s2sphere

    cell_id = s2sphere.CellId(number)
    if not cell_id.is_valid():
        raise bad_request(f"Invalid S2 cell id: {number:016x}.")
    cell = s2sphere.Cell(cell_id)
    corners = [s2sphere.LatLng.from_point(cell.get_vertex(k)) for k in range(4)]
    ring = [[corner.lng().degrees, corner.lat().degrees] for corner in corners]
    return Geometry.from_json({"type": "Polygon", "coordinates": [[*ring, ring[0]]], "geodesic": True})


def from_cell_id(cell_id: int) -> Geometry:
    """The polygon of a cell, by its id as a number; a signed one is read as its 64 bits."""
    return _polygon(int(cell_id) & (2**64 - 1))


register("Geometry.fromS2CellId", from_cell_id)
register("Geometry.s2Cell", from_cell_id)


@algorithm("Geometry.fromS2CellToken")
def from_cell_token(token: str) -> Geometry:
    """The polygon of a cell, by its id in hexadecimal digits, trailing zeros with it."""
    digits = token.lower().removeprefix("0x")
    if len(digits) != _DIGITS or set(digits) - set("0123456789abcdef"):
        raise bad_request(f"Invalid S2 cell token: '{token}'. Give {_DIGITS} hexadecimal digits.")
    return _polygon(int(digits, 16))
