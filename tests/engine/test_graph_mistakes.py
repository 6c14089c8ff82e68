"""Graphs that are wrong or absurd get an error in the service's form that says what and where."""

from __future__ import annotations

from typing import Any

import pytest

from ee_floods.engine.errors import EngineError
from ee_floods.engine.evaluator import Evaluator
from ee_floods.engine.limits import Limits
from ee_floods.engine.structure import DEEPEST
from tests.engine.memory_library import UTM, MemoryLibrary
from tests.engine.random_graphs import Node, call, constant

ONE = constant(1)
CELL = constant({"type": "Polygon", "coordinates": [[[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1], [0, 0]]],
                 "geodesic": False})  # fmt: skip


def reference(name: str) -> Node:
    return {"valueReference": name}


def evaluator() -> Evaluator:
    return Evaluator(MemoryLibrary(), Limits())


def refused(expression: Any) -> str:
    with pytest.raises(EngineError) as caught:
        evaluator().value(expression)
    assert 400 <= caught.value.code < 500
    return caught.value.message


def chain(length: int, first: Node, step: Any) -> dict[str, Any]:
    """`length` nested calls, each of the one before."""
    values = {"0": first}
    for k in range(1, length + 1):
        values[str(k)] = step(reference(str(k - 1)))
    return {"result": str(length), "values": values}


@pytest.mark.parametrize("cycle", [
    {"a": call("Number.add", left=reference("b"), right=ONE), "b": reference("a")},
    {"a": reference("a")},
    {"a": {"arrayValue": {"values": [ONE, reference("a")]}}},
    {"a": {"functionInvocationValue": {"functionReference": "f", "arguments": {}}},
     "f": {"functionDefinitionValue": {"argumentNames": [], "body": "a"}}},
])  # fmt: skip
def test_cycle_is_found_before_anything_is_evaluated(cycle: dict[str, Node]) -> None:
    assert "is cyclic" in refused({"result": "a", "values": cycle})


def test_value_that_is_used_twice_is_no_cycle() -> None:
    values = {"a": call("Number.add", left=reference("b"), right=reference("b")), "b": ONE}
    assert evaluator().value({"result": "a", "values": values}).result == 2


def test_ten_thousand_nested_calls_are_answered() -> None:
    numbers = chain(10_000, constant(0), lambda before: call("Number.add", left=before, right=ONE))
    assert evaluator().value(numbers).result == 10_000


def test_ten_thousand_nested_images_are_read() -> None:
    image = chain(10_000, call("Image.constant", value=constant(0)),
                  lambda before: call("Image.add", image1=before, image2=ONE))  # fmt: skip
    (raster,) = evaluator().image(image).read(UTM)
    assert raster.values[3, 5] == 10_000


def test_ten_thousand_images_made_by_iterate_are_read() -> None:
    values = {
        "body": call("Image.add", image1={"argumentReference": "sum"}, image2={"argumentReference": "item"}),
        "function": {"functionDefinitionValue": {"argumentNames": ["item", "sum"], "body": "body"}},
        "items": call("List.sequence", start=ONE, end=constant(10_000)),
        "root": call("List.iterate", list=reference("items"), function=reference("function"),
                     first=call("Image.constant", value=constant(0))),
    }  # fmt: skip
    (raster,) = evaluator().image({"result": "root", "values": values}).read(UTM)
    assert raster.values[0, 0] == 10_000 * 10_001 / 2


def test_ten_thousand_nested_collections_are_walked() -> None:
    features = call("Collection", features={"arrayValue": {"values": [call("Feature")] * 3}})
    nested = chain(
        10_000, features, lambda before: call("Collection.limit", collection=before, limit=constant(2))
    )
    assert len(evaluator().table(nested).result) == 2


def test_hundred_thousand_nested_calls_are_refused_with_their_number() -> None:
    deep = chain(100_000, constant(0), lambda before: call("Number.add", left=before, right=ONE))
    assert (
        refused(deep) == f"Invalid expression: it is nested 100001 deep, and at most {DEEPEST} is possible."
    )


def test_answer_that_no_json_reader_could_read_is_refused() -> None:
    lists = chain(600, ONE, lambda before: {"arrayValue": {"values": [before]}})
    assert "nested more than 500 deep" in refused(lists)


@pytest.mark.parametrize(("node", "words"), [
    ({"functionInvocationValue": 3}, "Invalid value at 'expression.values[0].functionInvocationValue'"),
    ({"functionInvocationValue": {"functionName": 5}}, "Value.functionName' (TYPE_STRING), 5"),
    ({"functionInvocationValue": {}}, "functionName' (TYPE_STRING), None"),
    ({"functionInvocationValue": {"functionName": "Image.add", "arguments": []}}, "arguments' (a JSON"),
    ({"functionInvocationValue": {"functionName": "Image.add", "arguments": {"image1": 3}}}, "ValueNode), 3"),
    ({"functionInvocationValue": {"functionName": "x", "argument": {}}}, 'Unknown name "argument"'),
    ({"functionInvocationValue": {"functionReference": "nowhere"}}, "'nowhere' is not defined"),
    ({"arrayValue": []}, "arrayValue' (a JSON object)"),
    ({"arrayValue": {"values": {}}}, "arrayValue.values' (a list)"),
    ({"arrayValue": {"values": [None]}}, "ValueNode), None"),
    ({"dictionaryValue": {"values": []}}, "dictionaryValue.values' (a JSON object)"),
    ({"functionDefinitionValue": {"argumentNames": "x", "body": "0"}}, "argumentNames' (TYPE_STRING), x"),
    ({"functionDefinitionValue": {"argumentNames": []}}, "functionDefinitionValue.body' (TYPE_STRING), None"),
    ({"valueReference": 4}, "valueReference' (TYPE_STRING), 4"),
    ({"argumentReference": []}, "argumentReference' (TYPE_STRING), []"),
    ({"integerValue": "1.5"}, "integerValue' (TYPE_INT64), 1.5"),
    ({"integerValue": "9223372036854775808"}, "(TYPE_INT64)"),
    ({"integerValue": True}, "(TYPE_INT64), True"),
    ({"bytesValue": "not base64!"}, "bytesValue' (TYPE_BYTES)"),
    ({"bytesValue": 5}, "bytesValue' (TYPE_BYTES), 5"),
    ({"floatValue": 5}, 'Unknown name "floatValue" at \'expression.values[0]\': Cannot find field.'),
    ({"constantValue": 1, "valueReference": "0"}, "oneof field 'value' is already set by 'constantValue'"),
    ({"constantValue": 1, "colour": "red"}, 'Unknown name "colour"'),
    (7, "ValueNode), 7"),
    (None, "ValueNode), None"),
])  # fmt: skip
def test_malformed_node_is_named_with_its_place(node: Any, words: str) -> None:
    assert words in refused({"result": "0", "values": {"0": node}})


@pytest.mark.parametrize("expression", [
    {"result": 5, "values": {}}, {"result": "0", "values": []}, {"result": None, "values": {"0": ONE}},
    {"result": [], "values": {}}, {"values": {}}, {"result": "0"}, {"colour": 1},
])  # fmt: skip
def test_malformed_expression_is_refused(expression: Any) -> None:
    assert refused(expression).startswith("Invalid")


@pytest.mark.parametrize(("node", "message"), [
    (call("Image.nonsense"), "Unknown function name 'Image.nonsense'."),
    (call("Image.add", image1=ONE), "Image.add: Parameter 'image2' is required and may not be null."),
    (call("Image.add", image1=ONE, image2=constant(None)),
     "Image.add: Parameter 'image2' is required and may not be null."),
    (call("Image.add", image1=ONE, image2=ONE, image3=ONE),
     "Image.add: Unrecognized arguments ['image3'] to function: Image.add(image1, image2)"),
    (call("If", condition=ONE, otherwise=ONE),
     "If: Unrecognized arguments ['otherwise'] to function: If(condition, trueCase, falseCase)"),
    (call("Image.addBands", dstImg=constant("text"), srcImg=ONE),
     "Image.addBands, argument 'dstImg': Invalid type.\nExpected type: Image<unknown bands>.\n"
     "Actual type: String.\nActual value: 'text'"),
    (call("Image.reduceRegion", image=ONE, reducer=ONE),
     "Image.reduceRegion, argument 'reducer': Invalid type.\nExpected type: Reducer.\n"
     "Actual type: Integer.\nActual value: 1"),
    (call("Number.toInt8", input={"arrayValue": {"values": [ONE]}}),
     "Number.toInt8, argument 'input': Invalid type.\nExpected type: Number.\n"
     "Actual type: List.\nActual value: [1]"),
    (call("List.get", list=constant([1]), index=constant(float("nan"))),
     "List.get, argument 'index': Invalid type.\nExpected type: Integer.\n"
     "Actual type: Float.\nActual value: nan"),
    (call("Image.load", id=constant("nothing")),
     "Image.load: Image asset 'nothing' not found (does not exist or caller does not have access)."),
    (call("Image.select", input=call("Image.constant", value=ONE), bandSelectors=constant(["B1"])),
     "Image.select: Band pattern 'B1' did not match any bands. Available bands: [constant]"),
    (call("Image.select", input=call("Image.constant", value=constant([])), bandSelectors=constant(["B1"])),
     "Image.select: Band pattern 'B1' was applied to an Image with no bands. "
     "See https://developers.google.com/earth-engine/guides/debugging#no-bands"),
    (call("Image.normalizedDifference", input=ONE, bandNames=constant(["constant", "B1"])),
     "Image.normalizedDifference: No band named 'B1'. Available band names: [constant]."),
    (call("Image.reduceRegion", image=constant([1, 2, 3]), reducer=call("Reducer.linearFit"), geometry=CELL),
     "Image.reduceRegion: Need 2 bands for Reducer.linearFit, image has 3."),
    # A tenth of a degree in pixels of 10 m at the equator: (111319.4908 m / 100 m) squared.
    (call("ImageCollection.getRegion", geometry=CELL, scale=constant(10), collection=call(
        "ImageCollection.fromImages", images=constant([1, 2]))),
     "ImageCollection.getRegion: Too many values: 1239202 points x 1 bands x 2 images > 1048576."),
    (call("Date", value=constant("2019-02-29")), "Date: Bad date/time '2019-02-29'."),
    (call("Date", value=constant("yesterday")), "Date: Bad date/time 'yesterday'."),
    (call("Date", value=constant(None)), "Date: Parameter 'value' is required and may not be null."),
    (call("Image.reproject", image=ONE, crs=constant("EPSG:999999")),
     "Image.reproject: The CRS of a map projection could not be parsed: 'EPSG:999999'."),
    (call("Projection", crs=constant("EPSG:4326"), transform=constant([1, 0, 0, 2, 0, 0])),
     "Projection: The transform of a projection must be invertible: [1.0, 0.0, 0.0, 2.0, 0.0, 0.0]."),
    (call("Projection", crs=constant("EPSG:4326\0")),
     "Projection: The CRS of a map projection could not be parsed: 'EPSG:4326\0'."),
    (call("Projection.atScale", projection=constant("EPSG:4326"), meters=constant(0)),
     "Projection.atScale: Scale must be positive and finite, received 0.0."),
    (call("GeometryConstructors.Point", coordinates=constant([0, 95])),
     "GeometryConstructors.Point: Invalid GeoJSON geometry: latitudes must be between -90 and 90."),
    (call("GeometryConstructors.Point", coordinates=constant([float("inf"), 5])),
     "GeometryConstructors.Point: Invalid GeoJSON geometry: coordinates must be finite numbers."),
])  # fmt: skip
def test_error_names_function_and_argument(node: Node, message: str) -> None:
    assert refused(node) == message


def test_integer_of_four_hundred_digits_is_a_float() -> None:
    assert evaluator().value(constant(10**400)).result == "Infinity"
    assert evaluator().value(call("Number.add", left=constant(2**63), right=constant(0))).result == 2.0**63
    assert evaluator().value({"integerValue": str(2**63 - 1)}).result == 2**63 - 1


def test_geometry_that_crosses_itself_is_filled_by_the_even_odd_rule() -> None:
    # A bow tie of two right triangles, one degree each: half of the square they stand in.
    ring = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    tie = call("GeometryConstructors.Polygon", coordinates=constant([ring]), geodesic=constant(False))
    node = call("Geometry.area", geometry=call("Geometry.dissolve", geometry=tie), proj=constant("EPSG:4326"))
    assert evaluator().value(node).result == pytest.approx(0.5)


def test_empty_geometry_has_no_area_and_no_place() -> None:
    empty = constant({"type": "Polygon", "coordinates": []})
    assert evaluator().value(call("Geometry.area", geometry=empty)).result == 0
    grown = evaluator().value(call("Geometry.buffer", geometry=empty, distance=constant(10))).result
    assert grown["coordinates"] == []
    assert "empty" in refused(
        call("Image.reduceRegion", image=ONE, reducer=call("Reducer.mean"), geometry=empty)
    )
