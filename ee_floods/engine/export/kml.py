"""Features as KML, the format of Google Earth (OGC 12-007r2), plain or zipped."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

__all__ = ["kml_file"]

_NAMESPACE = "http://www.opengis.net/kml/2.2"
_MULTIPLE = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}


def kml_file(
    features: Iterable[Mapping[str, Any]], selectors: Sequence[str], *, zipped: bool
) -> tuple[bytes, str, str]:
    """Return the bytes, MIME type and suffix of features as KML.

    Args:
        features: GeoJSON features in longitude and latitude.
        selectors: Properties to write; none means all.
        zipped: As KMZ.
    """
    root = ElementTree.Element("kml", xmlns=_NAMESPACE)
    document = ElementTree.SubElement(root, "Document")
    for feature in features:
        _placemark(document, feature, selectors)
    payload = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    if not zipped:
        return payload, "application/vnd.google-earth.kml+xml", ".kml"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", payload)
    return stream.getvalue(), "application/vnd.google-earth.kmz", ".kmz"


def _placemark(document: ElementTree.Element, feature: Mapping[str, Any], selectors: Sequence[str]) -> None:
    mark = ElementTree.SubElement(document, "Placemark")
    if feature.get("id") is not None:
        ElementTree.SubElement(mark, "name").text = str(feature["id"])
    properties = feature.get("properties") or {}
    names = [name for name in selectors or sorted(properties) if not name.startswith(".")]
    extended = ElementTree.SubElement(mark, "ExtendedData")
    for name in names:
        value = properties.get(name)
        if value is not None:
            data = ElementTree.SubElement(extended, "Data", name=name)
            text = value if isinstance(value, str) else json.dumps(value)
            ElementTree.SubElement(data, "value").text = text
    if feature.get("geometry"):
        _geometry(mark, feature["geometry"])


def _geometry(parent: ElementTree.Element, geometry: Mapping[str, Any]) -> None:
    kind = str(geometry["type"])
    if kind == "GeometryCollection" or kind in _MULTIPLE:
        many = ElementTree.SubElement(parent, "MultiGeometry")
        parts = geometry.get("geometries") or [
            {"type": _MULTIPLE[kind], "coordinates": item} for item in geometry.get("coordinates", ())
        ]
        for part in parts:
            _geometry(many, part)
        return
    coordinates = geometry["coordinates"]
    if kind == "Polygon":
        polygon = ElementTree.SubElement(parent, "Polygon")
        for number, ring in enumerate(coordinates):
            boundary = ElementTree.SubElement(polygon, "innerBoundaryIs" if number else "outerBoundaryIs")
            _positions(ElementTree.SubElement(boundary, "LinearRing"), ring)
        return
    _positions(ElementTree.SubElement(parent, kind), [coordinates] if kind == "Point" else coordinates)


def _positions(parent: ElementTree.Element, positions: Iterable[Sequence[float]]) -> None:
    ElementTree.SubElement(parent, "coordinates").text = " ".join(
        ",".join(repr(float(number)) for number in position[:2]) for position in positions
    )
