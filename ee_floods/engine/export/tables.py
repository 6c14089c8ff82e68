"""Features as files: CSV, GeoJSON, TFRecord."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ee_floods.contracts.tfrecord import encode_example, frame
from ee_floods.engine.errors import bad_request
from ee_floods.engine.export.kml import kml_file

__all__ = ["table_file"]

_GEOMETRY, _INDEX = ".geo", "system:index"


def table_file(
    features: Sequence[Mapping[str, Any]], file_format: str, selectors: Iterable[str]
) -> tuple[bytes, str, str]:
    """Return the bytes, MIME type and suffix of a table.

    Args:
        features: GeoJSON features.
        file_format: CSV, GEO_JSON, KML, KMZ or TF_RECORD_TABLE.
        selectors: Properties to write, in order; none means all, as CSV writes them.

    Raises:
        EngineError: If the format is another.
    """
    chosen = list(selectors)
    if file_format == "CSV":
        return _csv(features, chosen), "text/csv", ".csv"
    if file_format in ("GEO_JSON", "GEOJSON", "JSON"):
        return _geojson(features, chosen), "application/geo+json", ".geojson"
    if file_format in ("KML", "KMZ"):
        return kml_file(features, chosen, zipped=file_format == "KMZ")
    if file_format == "TF_RECORD_TABLE":
        return _tfrecord(features, chosen), "application/octet-stream", ".tfrecord.gz"
    if file_format in ("SHP", "SHAPEFILE"):
        raise bad_request(
            "Table file format 'SHP' is not implemented by the local engine. Use GeoJSON, KML, KMZ or CSV."
        )
    raise bad_request(f"Unsupported table file format: '{file_format}'.")


def _columns(features: Sequence[Mapping[str, Any]]) -> list[str]:
    names: dict[str, None] = {}
    for feature in features:
        names.update(dict.fromkeys(feature.get("properties") or {}))
    return sorted(names)


def _csv(features: Sequence[Mapping[str, Any]], selectors: list[str]) -> bytes:
    """Columns `system:index`, the properties in order of name, `.geo`, as the service writes them."""
    columns = selectors or [_INDEX, *_columns(features), _GEOMETRY]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for feature in features:
        properties = feature.get("properties") or {}
        row = []
        for column in columns:
            if column == _INDEX:
                found = feature.get("id", "")
            elif column == _GEOMETRY:
                found = feature.get("geometry")
            else:
                found = properties.get(column)
            row.append(_cell(found))
        writer.writerow(row)
    return stream.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list)) else value


def _geojson(features: Sequence[Mapping[str, Any]], selectors: list[str]) -> bytes:
    out = []
    for feature in features:
        properties = feature.get("properties") or {}
        if selectors:
            properties = {name: properties.get(name) for name in selectors if not name.startswith(".")}
        item: dict[str, Any] = {"type": "Feature", "geometry": feature.get("geometry")}
        if feature.get("id") is not None:
            item["id"] = feature["id"]
        out.append({**item, "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": out}).encode()


def _tfrecord(features: Sequence[Mapping[str, Any]], selectors: list[str]) -> bytes:
    """One Example per feature, numbers and arrays as floats, text as bytes; always GZIP, as documented."""
    columns = [name for name in selectors or _columns(features) if not name.startswith(".")]
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as zipped:
        for feature in features:
            properties = feature.get("properties") or {}
            example: dict[str, Any] = {}
            for name in columns:
                found = properties.get(name)
                if isinstance(found, str):
                    example[name] = [found.encode()]
                elif found is not None:
                    example[name] = np.asarray(found, np.float32).ravel()
            zipped.write(frame(encode_example(example)))
    return stream.getvalue()
