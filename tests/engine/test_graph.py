from __future__ import annotations

import ee
import pytest

from ee_floods.engine.errors import EngineError
from ee_floods.engine.registry import algorithms
from ee_floods.engine.signatures import signatures
from tests.engine.memory_library import Bench, scene


def node(name: str, **arguments: dict) -> dict:
    return {"functionInvocationValue": {"functionName": name, "arguments": arguments}}


def test_bare_value_node(bench: Bench) -> None:
    answer = bench.evaluator.value(node("Number.add", left={"constantValue": 2}, right={"integerValue": "3"}))
    assert answer.result == 5


def test_nested_maps_that_share_nodes_see_their_own_arguments(bench: Bench) -> None:
    made = ee.List([1, 2]).map(
        lambda x: ee.List([10, 20]).map(lambda y: ee.Number(x).add(y).multiply(ee.Number(x).add(1)))
    )
    assert bench.value(made) == [[22, 42], [36, 66]]


def test_nodes_under_one_name_of_argument_are_not_mixed_up(bench: Bench) -> None:
    # Two functions with the same argument name and one shared body node, nested.
    values = {
        "0": {"argumentReference": "x"},
        "1": node("Number.multiply", left={"valueReference": "0"}, right={"constantValue": 10}),
        "inner": {"functionDefinitionValue": {"argumentNames": ["x"], "body": "1"}},
        "list": {"arrayValue": {"values": [{"valueReference": "1"}, {"constantValue": 7}]}},
        "map": node("List.map", list={"valueReference": "list"}, baseAlgorithm={"valueReference": "inner"}),
        "outer": {"functionDefinitionValue": {"argumentNames": ["x"], "body": "map"}},
        "root": node("List.map", list={"constantValue": [1, 2]}, baseAlgorithm={"valueReference": "outer"}),
    }
    assert bench.evaluator.value({"result": "root", "values": values}).result == [[100, 70], [200, 70]]


def test_iterate_sees_each_element_and_the_result_before(bench: Bench) -> None:
    total = ee.List([1, 2, 3]).iterate(
        lambda x, acc: ee.List(acc).add(ee.Number(x).add(ee.List(acc).size())), []
    )
    assert bench.value(total) == [1, 3, 5]


def test_shared_nodes_are_read_once(bench: Bench) -> None:
    scene(bench)
    image = ee.Image("C/a").select("VV")
    bench.first(image.add(image).multiply(image))
    assert len(bench.library.images["C/a"].source.reads) == 1


def test_bands_of_one_image_are_read_together(bench: Bench) -> None:
    scene(bench)
    bench.pixels(ee.Image("C/a").select(["VV", "VH"]).reduce(ee.Reducer.mean()))
    (read,) = bench.library.images["C/a"].source.reads
    assert read[0] == ("VV", "VH")


def test_only_the_branch_that_is_taken_counts(bench: Bench) -> None:
    assert bench.value(ee.Algorithms.If(0, ee.List([]).get(0), "no")) == "no"
    assert bench.value(ee.Algorithms.If("", "yes", "no")) == "no"
    assert bench.value(ee.Algorithms.If(ee.List([0]), "yes", "no")) == "yes"


def test_deep_chains_are_evaluated(bench: Bench) -> None:
    values = {"0": {"constantValue": 0}}
    for k in range(1, 800):
        values[str(k)] = node("Number.add", left={"valueReference": str(k - 1)}, right={"constantValue": 1})
    assert bench.evaluator.value({"result": "799", "values": values}).result == 799


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (node("Image.nonsense"), "Image.nonsense"),
        (
            node("Image.add", image1={"constantValue": 1}),
            "Image.add: Parameter 'image2' is required and may not be null.",
        ),
        (
            node("Image.select", input={"constantValue": "x"}, bandSelectors={"constantValue": ["a"]}),
            "Invalid type",
        ),
        ({"argumentReference": "x"}, "not bound"),
        ({"result": "0", "values": {"0": {"valueReference": "9"}}}, "'9' is not defined"),
    ],
)
def test_mistakes_are_named_in_the_services_form(bench: Bench, expression: dict, message: str) -> None:
    with pytest.raises(EngineError) as caught:
        bench.evaluator.value(expression)
    assert message in str(caught.value)
    assert caught.value.to_dict()["error"]["status"] == "INVALID_ARGUMENT"


def test_algorithm_that_is_missing_is_told_from_one_that_does_not_exist(bench: Bench) -> None:
    missing = min(set(signatures()) - set(algorithms()) - {"If"})
    with pytest.raises(EngineError, match="the local engine does not implement it"):
        bench.evaluator.value(node(missing))


def test_error_names_the_innermost_algorithm_and_the_element(bench: Bench) -> None:
    scene(bench)
    mapped = ee.ImageCollection("C").map(lambda image: image.select("XX"))
    with pytest.raises(EngineError, match=r"Error in map\(ID=a\):\nImage.select: Band pattern 'XX'"):
        bench.value(mapped)


def test_what_was_loaded_is_reported(bench: Bench) -> None:
    scene(bench, simulated=True)
    scene(bench, "D/b")
    answer = bench.evaluator.value(bench.encode(ee.ImageCollection("C").size()))
    assert [(use.id, use.simulated) for use in answer.assets] == [("C", True), ("C/a", True)]
    image = bench.evaluator.image(bench.encode(ee.ImageCollection("D").mosaic()))
    from tests.engine.memory_library import UTM

    image.read(UTM)
    assert [(use.id, use.simulated) for use in image.assets] == [("D", False), ("D/b", False)]
