"""Random graphs, most of whose calls are valid: each has a value or an error that says what was wrong.

An error that no algorithm foresaw (`engine/foreseen.py`) says too little, so it counts as a failure.

In CI the same two thousand examples run every time. `EE_FLOODS_FUZZ=100000` asks for so many new ones.
"""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ee_floods.engine.deep import deeply
from ee_floods.engine.errors import EngineError
from ee_floods.engine.evaluator import Evaluator
from ee_floods.engine.foreseen import UnforeseenError
from ee_floods.engine.memory import bounded_memory
from ee_floods.engine.registry import algorithms
from ee_floods.grid import Grid
from tests.engine.algorithms.case import stored
from tests.engine.memory_library import UTM, Bench
from tests.engine.random_graphs import Graphs, call, constant, expression

ASKED = int(os.environ.get("EE_FLOODS_FUZZ", "0"))
THOROUGH = settings(
    max_examples=ASKED or 1000,
    derandomize=not ASKED,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink) if ASKED else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
SMALL = Grid(UTM.crs, UTM.transform, (8, 8))

# They may take long by nature: millions of points, cells or iterations of what is cheap.
SLOW = (
    "FeatureCollection.randomPoints", "Geometry.coveringGrid", "Image.cumulativeCost",
    "Image.fastDistanceTransform",
)  # fmt: skip


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    bench = Bench()
    stored(bench)
    return bench.evaluator


def outcome(evaluator: Evaluator, asked: dict[str, Any]) -> str:
    """Ask for value, pixels and features; return `value` or the error's message."""

    def ask() -> str:
        with bounded_memory(1024**3):
            try:
                value = evaluator.value(asked).result
                json.dumps(value, allow_nan=False)
                kind = value.get("type") if isinstance(value, dict) else None
                if kind == "Image" and "bands" in value:
                    evaluator.image(asked).read(SMALL)
                if kind in ("FeatureCollection", "ImageCollection") and "features" in value:
                    evaluator.table(asked)
            except EngineError as error:
                assert not isinstance(error, UnforeseenError), error.message
                assert 400 <= error.code < 500, f"{error.code}: {error.message}"
                assert error.message.strip()
                assert "Traceback" not in error.message
                return error.message
        return "value"

    return deeply(ask)


@given(seed=st.integers(0, 2**63))
@THOROUGH
def test_random_graph_has_a_value_or_an_error_that_says_why(evaluator: Evaluator, seed: int) -> None:
    random = Random(seed)
    name = random.choice([one for one in sorted(algorithms()) if one not in SLOW])
    outcome(evaluator, expression(Graphs(random).call(name, random.choice((0, 1, 2)))))


@given(seed=st.integers(0, 2**63), junk=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["constantValue", "arrayValue", "values", "functionInvocationValue", "functionName", "arguments",
         "functionDefinitionValue", "body", "valueReference", "x"]), inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
@THOROUGH
def test_mutated_graph_is_answered_or_refused(evaluator: Evaluator, seed: int, junk: Any) -> None:
    random = Random(seed)
    graph = expression(Graphs(random).any_call(1))
    node: Any = graph
    while True:  # one node on a random way down is replaced by something else
        key = random.choice(sorted(node)) if isinstance(node, dict) else random.randrange(len(node))
        if not node[key] or not isinstance(node[key], (dict, list)) or random.random() < 0.2:
            node[key] = junk
            break
        node = node[key]
    outcome(evaluator, graph)


def test_most_of_the_random_graphs_have_values(evaluator: Evaluator) -> None:
    # A fuzzer that only produced mistakes would test the checks of arguments and nothing behind them.
    names = [one for one in sorted(algorithms()) if one not in SLOW][::7]
    found = [
        outcome(evaluator, expression(Graphs(Random(seed), mutations=0).call(name, 1)))
        for seed, name in enumerate(names)
    ]
    assert found.count("value") > len(found) / 3


_PLACE = {"type": "Point", "coordinates": [1, 2]}
_NO_PLACE = {"type": "Polygon", "coordinates": []}
_ACROSS = {"type": "Polygon", "coordinates": [[[179, 0], [181, 0], [181, 1], [179, 1], [179, 0]]]}
_WESTERN = {"type": "Point", "coordinates": [-179.5, 0.5]}


@pytest.mark.parametrize(("node", "message"), [
    # What the fuzzer found; each ended in an internal error, a wrong answer or a process that was killed.
    (call("Collection.bounds", collection=call("Collection", features=constant([]))), "value"),
    (call("Geometry.bounds", geometry=constant(_NO_PLACE)), "value"),
    (call("Geometry.centroid", geometry=constant(_NO_PLACE)), "value"),
    (call("Geometry.coordinates", geometry=call(
        "GeometryConstructors.MultiGeometry", geometries=constant([_PLACE]))), "value"),
    (call("Geometry.cutLines", geometry=constant(_PLACE),
          distances=constant([5])), "value"),
    (call("ErrorMargin", value=constant(float("nan"))), "value"),
    (call("Geometry.simplify", geometry=constant(_PLACE), maxError=constant(-1)),
     "Geometry.simplify: The maximum error must not be negative, received -1.0."),
    (call("GeometryConstructors.Rectangle", coordinates=constant([[1, 2]])),
     "GeometryConstructors.Rectangle: A rectangle needs two corners: [[x0, y0], [x1, y1]]."),
    (call("GeometryConstructors.LineString", coordinates=constant([1, 2, 3])),
     "GeometryConstructors.LineString: Coordinates must come in pairs, received 3 numbers."),
    (call("Image.reduceConnectedComponents", image=call("Image.constant", value=constant([1, 2])),
          reducer=call("Reducer.max"), maxSize=constant(4)), "value"),
    (call("List.unzip", list=constant([1])), "List.unzip: Each element of the list must be a list itself."),
    (call("Dictionary.select", dictionary=constant({"a": 1}), selectors=constant(["("])),
     "Dictionary.select: Invalid regular expression '(': missing ), unterminated subpattern at position 0."),
    (call("Dictionary.rename", dictionary=constant({"a": 1}), **{
        "from": constant(["a"]), "to": constant([])}),
     "Dictionary.rename: Parameters 'from' and 'to' must have the same length, received 1 and 0."),
    (call("Collection", features=constant([None])),
     "Collection: A collection cannot hold null: leave such elements out."),
    (call("Array.mask", input=constant(1), mask=constant([1, 0])),
     "Array.mask: The mask of shape [2] does not fit an array of []."),
    (call("Image.matrixTrace", value=call("Image.load", id=constant("C/a"))),
     "Image.matrixTrace: Band 'VV' must hold arrays of 2 dimensions, not numbers."),
    (call("Collection.fromColumns", columns=constant([[1], [2, 3]]), propertyNames=constant(["a", "b"])),
     "Collection.fromColumns: Columns must be equally long, received [1, 2]."),
    (call("Image.add", image1=call("Image.arrayMask",
                                   input=call("Image.toArray", image=call("Image.load", id=constant("C/a"))),
                                   mask=call("Image.toArray", image=call("Image.constant",
                                                                         value=constant([1, 0, 1, 0, 1])))),
          image2=constant(1)),  # fails while pixels are read, two calls away
     "Image.arrayMask: The mask must be as long as the array along the axis that it selects from."),
    (call("Date.format", date=constant(0), timeZone=constant("x" * 300)),
     f"Date.format: The datetime zone id '{'x' * 100}' is not recognised"),
    (call("Projection", crs=constant(5)), "Projection: Parameter 'crs' must be a string or a Projection."),
    (call("Geometry.transform", geometry=constant(_PLACE)), "value"),
])  # fmt: skip
def test_what_the_fuzzer_found_stays_mended(evaluator: Evaluator, node: Any, message: str) -> None:
    assert outcome(evaluator, node) == message


def test_shapes_on_both_sides_of_the_antimeridian_meet(evaluator: Evaluator) -> None:
    # 180.5 degrees east is 179.5 west; the answer was an error in the middle of the comparison.
    for point, meets in ((_WESTERN, True), ({"type": "Point", "coordinates": [-178.5, 0.5]}, False)):
        node = call("Geometry.intersects", left=constant(_ACROSS), right=constant(point))
        assert evaluator.value(expression(node)).result is meets
