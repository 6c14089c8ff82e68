"""Fields of requests that have another form than they should: each is refused in the service's form.

Random requests (`test_fuzz_requests`) met them; each was an internal error, an endless listing or a task
that failed where the request should have been refused.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import requests

from tests.engine.engine_process import EngineProcess
from tests.engine.random_graphs import call, constant
from tests.engine.server.images import MOUNT
from tests.engine.server.test_fuzz_requests import BODIES, HOME

_ODD_FIELDS = [
    ("image:export", "fileExportOptions", 3, "Invalid value at 'fileExportOptions' (a JSON object), 3"),
    ("image:export", "fileExportOptions.cloudStorageDestination", "x",
     "Invalid value at 'fileExportOptions.cloudStorageDestination' (a JSON object), x"),
    ("image:export", "grid", "x", "Invalid value at 'grid' (a JSON object), x"),
    ("image:export", "expression", 7, "Invalid value at 'expression' (a JSON object), 7"),
    ("table:export", "fileExportOptions", [1], "Invalid value at 'fileExportOptions' (a JSON object), [1]"),
    ("table:export", "selectors", 3, "Invalid value at 'selectors' (a list of TYPE_STRING), 3"),
    ("image:import", "imageManifest", [1], "Invalid value at 'imageManifest' (a JSON object), [1]"),
    ("image:import", "imageManifest.tilesets", [3],
     "Invalid value at 'imageManifest.tilesets' (a list of JSON objects), [3]"),
    ("image:import", "imageManifest.tilesets.0.sources", [4],
     "Invalid value at 'imageManifest.tilesets[0].sources' (a list of JSON objects), [4]"),
    ("image:import", "imageManifest.tilesets.0.sources.0.uris", 5,
     "Invalid value at 'imageManifest.tilesets[0].sources[0].uris' (a list of TYPE_STRING), 5"),
    ("image:import", "imageManifest.bands", [None],
     "Invalid value at 'imageManifest.bands' (a list of JSON objects), [None]"),
    ("image:import", "imageManifest.properties", [1],
     "Invalid value at 'imageManifest.properties' (a JSON object), [1]"),
    ("table:import", "tableManifest", 5, "Invalid value at 'tableManifest' (a JSON object), 5"),
    ("table:import", "tableManifest.sources", [1],
     "Invalid value at 'tableManifest.sources' (a list of JSON objects), [1]"),
    ("image:computePixels", "grid", [], "Invalid value at 'grid' (a JSON object), []"),
    ("image:computePixels", "grid.dimensions", [8, 8],
     "Invalid value at 'grid.dimensions' (a JSON object), [8, 8]"),
    ("image:computePixels", "grid.dimensions.width", 0, "Pixel grid dimensions (0x8) must be positive."),
    ("image:computePixels", "grid.affineTransform", 3,
     "Invalid value at 'grid.affineTransform' (a JSON object), 3"),
    ("image:computePixels", "grid.affineTransform.scaleX", 0,
     "Pixel grid: the affine transform must be invertible."),
    ("image:computePixels", "grid.affineTransform.scaleY", 0,
     "Pixel grid: the affine transform must be invertible."),
    ("thumbnails", "grid.affineTransform.scaleX", 0, "Pixel grid: the affine transform must be invertible."),
    ("image:computePixels", "bandIds", 3, "Invalid value at 'bandIds' (a list of TYPE_STRING), 3"),
    ("image:computePixels", "visualizationOptions.ranges", 3,
     "Invalid value at 'visualizationOptions.ranges' (a list of JSON objects), 3"),
    ("table:computeFeatures", "pageSize", {}, "Invalid value at 'pageSize' (TYPE_INT32), {}"),
    ("table:computeFeatures", "pageSize", -3, "Invalid value at 'page_size' (TYPE_INT32), \"-3\""),
    ("table:computeFeatures", "pageToken", 3, "Invalid value at 'pageToken' (TYPE_STRING), 3"),
    ("table:computeFeatures", "pageToken", "-1", "Invalid page token."),
]  # fmt: skip


def _with(body: dict[str, Any], where: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    node: Any = changed
    *way, last = where.split(".")
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    node[last] = value
    return changed


def _refusal(answer: requests.Response) -> str:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    return str(error["message"])


@pytest.mark.parametrize(("method", "field", "value", "message"), _ODD_FIELDS)
def test_field_of_another_form_is_refused_before_anything_reads_it(
    local_engine: EngineProcess, method: str, field: str, value: Any, message: str
) -> None:
    body = _with(BODIES[f"{HOME}/{method}"], field, value)
    answer = requests.post(f"{local_engine.url}{HOME}/{method}", json=body, timeout=60)
    assert _refusal(answer) == message


@pytest.mark.parametrize(("query", "message"), [
    ("pageSize=x", "Invalid value at 'page_size' (TYPE_INT32), \"x\""),
    ("pageSize=-5", "Invalid value at 'page_size' (TYPE_INT32), \"-5\""),
    ("pageToken=%00", "Invalid page token."),
    ("pageToken=-1", "Invalid page token."),
])  # fmt: skip
@pytest.mark.parametrize("listing", ["operations", f"assets/{MOUNT.rpartition('/')[2]}:listAssets"])
def test_page_that_cannot_be_is_refused(
    local_engine: EngineProcess, listing: str, query: str, message: str
) -> None:
    answer = requests.get(f"{local_engine.url}{HOME}/{listing}?{query}", timeout=60)
    assert _refusal(answer) == message


@pytest.mark.parametrize("start", [1e30, -1e18, 9e15])
def test_date_out_of_range_is_refused(local_engine: EngineProcess, start: float) -> None:
    node = call("Date.format", date=call("Date", value=constant(start)))
    body = {"expression": {"result": "0", "values": {"0": node}}}
    answer = requests.post(f"{local_engine.url}{HOME}/value:compute", json=body, timeout=60)
    assert "date" in _refusal(answer).lower()


def test_range_of_dates_beyond_the_calendar_holds_every_date(local_engine: EngineProcess) -> None:
    dates = call("DateRange", start=constant(-1e18), end=constant(1e30))
    node = call("DateRange.contains", dateRange=dates, other=constant("2020-01-01"))
    body = {"expression": {"result": "0", "values": {"0": node}}}
    answer = requests.post(f"{local_engine.url}{HOME}/value:compute", json=body, timeout=60)
    assert answer.json() == {"result": True}


@pytest.mark.parametrize("scale", [0, -10])
def test_scale_that_is_not_positive_is_refused(local_engine: EngineProcess, scale: float) -> None:
    region = {"type": "Point", "coordinates": [69.001, 27.12]}
    node = call("Image.reduceRegion", image=call("Image.constant", value=constant(1)),
                reducer=call("Reducer.mean"), geometry=constant(region), scale=constant(scale))  # fmt: skip
    body = {"expression": {"result": "0", "values": {"0": node}}}
    answer = requests.post(f"{local_engine.url}{HOME}/value:compute", json=body, timeout=60)
    assert "scale" in _refusal(answer).lower()
