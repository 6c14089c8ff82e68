from __future__ import annotations

import ee
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ee_floods.engine.arithmetic import BINARY, CASTS, UNARY
from ee_floods.engine.errors import EngineError
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record, scene

PIXEL = Grid(UTM.crs, UTM.transform, (1, 1))


def one(bench: Bench, image: ee.Image) -> float:
    return bench.first(image, PIXEL)[0, 0]


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        (lambda a, b: a.add(b), lambda a, b: a + b),
        (lambda a, b: a.subtract(b), lambda a, b: a - b),
        (lambda a, b: a.multiply(b), lambda a, b: a * b),
        (lambda a, b: a.divide(b), lambda a, b: a / b),
        (lambda a, b: a.max(b), np.maximum),
        (lambda a, b: a.gt(b), lambda a, b: a > b),
        (lambda a, b: a.hypot(b), np.hypot),
        (lambda a, b: a.atan2(b), lambda a, b: np.arctan2(b, a)),
        (lambda a, b: a.abs().sqrt().add(b.divide(10).exp()), lambda a, b: np.sqrt(abs(a)) + np.exp(b / 10)),
        (lambda a, b: ee.Image(10).pow(a.divide(10)), lambda a, b: 10 ** (a / 10)),
    ],
)
def test_arithmetic_is_numpys(bench: Bench, expression, truth) -> None:
    bands = scene(bench)
    image = ee.Image("C/a")
    found = bench.first(expression(image.select("VV"), image.select("VH")))
    np.testing.assert_allclose(found, truth(bands["VV"], bands["VH"]), rtol=2e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1))
def test_integers_never_wrap_around(a: int, b: int) -> None:
    x, y = PixelType.of_value(a), PixelType.of_value(b)
    for name, truth in (("add", a + b), ("subtract", a - b), ("multiply", a * b)):
        operation = BINARY[name]
        type_ = operation.typing(x, y)
        values = operation.function(np.array([a], x.dtype), np.array([b], y.dtype))
        assert type_.cast(values)[0] == truth
        assert type_.range == (truth, truth)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(CASTS)), st.floats(-1e12, 1e12), st.integers(-(2**40), 2**40))
def test_casts_truncate_and_clamp(name: str, number: float, whole: int) -> None:
    type_ = PixelType.named(CASTS[name])
    found = type_.cast(np.array([number]))[0]
    if type_.integral:
        low, high = type_.range
        assert found == max(low, min(high, int(number)))
        assert type_.cast(np.array([whole]))[0] == max(low, min(high, whole))
    else:
        assert found == np.float32(number) if name == "float" else found == number


def test_every_operation_survives_every_type() -> None:
    with np.errstate(all="ignore"):
        for operation in BINARY.values():
            for dtype in ("uint8", "int16", "float32", "float64"):
                a, b = np.array([0, 3], dtype), np.array([2, 0], dtype)
                type_ = operation.typing(PixelType.named(dtype), PixelType.named(dtype))
                assert type_.cast(np.asarray(operation.function(a, b))).dtype == type_.dtype
        for unary in UNARY.values():
            for dtype in ("uint8", "int16", "float32"):
                type_ = unary.typing(PixelType.named(dtype))
                assert type_.cast(np.asarray(unary.function(np.array([1, 3], dtype)))).dtype == type_.dtype


@pytest.mark.parametrize(
    ("image", "value"),
    [
        (lambda: ee.Image(7).divide(0), 0),
        (lambda: ee.Image(7).mod(0), 0),
        (lambda: ee.Image(-7).mod(3), -1),
        (lambda: ee.Image(7).divide(2), 3.5),
        (lambda: ee.Image(200).byte().add(ee.Image(100).byte()), 300),
        (lambda: ee.Image(5).gt(3), 1),
        (lambda: ee.Image(0).Not(), 1),
        (lambda: ee.Image(6).bitwiseAnd(3), 2),
        (lambda: ee.Image(1).leftShift(10), 1024),
        (lambda: ee.Image(-2.5).round(), -2),
        (lambda: ee.Image(2.9).toInt(), 2),
        (lambda: ee.Image(300).toUint8(), 255),
        (lambda: ee.Image(15).unitScale(0, 10), 1.5),
        (lambda: ee.Image(15).clamp(0, 10), 10),
        (lambda: ee.Image(2).polynomial([1, 0, 3]), 13),
        (lambda: ee.Image(1.5).interpolate([0, 1, 2], [0, 10, 30]), 20),
    ],
)
def test_answers_of_single_pixels(bench: Bench, image, value: float) -> None:
    assert one(bench, image()) == value


def test_types_widen_to_the_range_of_their_values(bench: Bench) -> None:
    def kind(image: ee.Image) -> dict:
        return bench.value(image)["bands"][0]["data_type"]

    assert kind(ee.Image(3).add(4)) == {"type": "PixelType", "precision": "int", "min": 7, "max": 7}
    assert kind(ee.Image(3).gt(1)) == {"type": "PixelType", "precision": "int", "min": 0, "max": 1}
    assert kind(ee.Image(3).toUint16().multiply(2))["max"] == 131070
    assert kind(ee.Image(3).toFloat()) == {"type": "PixelType", "precision": "float"}
    assert kind(ee.Image(0.5))["precision"] == "double"


def test_bands_match_by_name_or_position_and_names_come_from_the_left(bench: Bench) -> None:
    a = ee.Image([1, 2]).rename(["x", "y"])
    b = ee.Image([10, 20]).rename(["y", "x"])
    assert bench.value(a.add(b).bandNames()) == ["x", "y"]
    assert [band[0, 0] for band in bench.pixels(a.add(b), PIXEL)] == [21, 12]
    c = ee.Image([10, 20]).rename(["p", "q"])
    assert [band[0, 0] for band in bench.pixels(a.add(c), PIXEL)] == [11, 22]
    assert bench.value(ee.Image(5).add(a).bandNames()) == ["x", "y"]
    assert bench.value(a.add(5).bandNames()) == ["x", "y"]


def test_arithmetic_drops_properties_and_select_keeps_them(bench: Bench) -> None:
    scene(bench, properties={"orbit": 5})
    image = ee.Image("C/a")
    assert bench.value(image.select("VV").get("orbit")) == 5
    assert bench.value(image.add(1).get("orbit")) is None
    assert bench.value(image.add(1).copyProperties(image).get("orbit")) == 5


def test_normalized_difference_masks_negative_inputs(bench: Bench) -> None:
    a, b = np.array([[4, -1, 2, 0]], np.float32), np.array([[2, 3, 2, 0]], np.float32)
    bench.library.add(record("n/d", {"a": a, "b": b}))
    found = bench.first(
        ee.Image("n/d").normalizedDifference(["a", "b"]), Grid(UTM.crs, UTM.transform, (1, 4))
    )
    assert found.mask.tolist() == [[False, True, False, False]]
    np.testing.assert_allclose(found.compressed(), [2 / 6, 0, 0], rtol=1e-6)
    assert bench.value(ee.Image("n/d").normalizedDifference().bandNames()) == ["nd"]


def test_expression_is_pythons(bench: Bench) -> None:
    bands = scene(bench)
    image = ee.Image("C/a")
    text = "(vv - vh) / max(vv, vh, -5) + b('VV') ** 2 > 100 && vh < -15 ? b(0) * 2 : -vh % 3"
    found = bench.first(image.expression(text, {"vv": image.select("VV"), "vh": image.select("VH")}))
    vv, vh = bands["VV"].astype(float), bands["VH"].astype(float)
    test = ((vv - vh) / np.maximum(np.maximum(vv, vh), -5) + vv**2 > 100) & (vh < -15)
    np.testing.assert_allclose(found, np.where(test, vv * 2, np.fmod(-vh, 3)), rtol=1e-4, atol=1e-4)
    with pytest.raises(EngineError, match="Unable to parse"):
        bench.first(image.expression("b(0) +"))
