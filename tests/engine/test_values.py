from __future__ import annotations

import datetime as dt
import math

import ee
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ee_floods.engine.algorithms.dates import advance, format_date, get_range
from ee_floods.engine.errors import EngineError
from ee_floods.engine.values.elements import Date
from ee_floods.engine.values.times import parse_date
from tests.engine.memory_library import Bench

UTC_MS = 1_661_822_523_456  # 2022-08-30T01:22:03.456Z


@pytest.mark.parametrize(
    ("made", "answer"),
    [
        (lambda: ee.Date("2022-08-30").millis(), 1661817600000),
        (lambda: ee.Date("2022-242").format("YYYY-MM-dd"), "2022-08-30"),
        (lambda: ee.Date("2022-08-30T01:02:03").get("hour"), 1),
        (lambda: ee.Date("2022-08-30", "Asia/Karachi").millis(), 1661817600000 - 5 * 3600_000),
        (lambda: ee.Date(UTC_MS).format(), "2022-08-30T01:22:03"),
        (lambda: ee.Date(UTC_MS).format("dd MMM YY HH:mm:ss.SSS"), "30 Aug 22 01:22:03.456"),
        (lambda: ee.Date("2022-01-31").advance(1, "month").format("YYYY-MM-dd"), "2022-02-28"),
        (lambda: ee.Date("2022-03-01").advance(-1, "day").format("YYYY-MM-dd"), "2022-02-28"),
        (lambda: ee.Date("2022-03-03").difference("2022-03-01", "hour"), 48),
        (lambda: ee.Date("2013-03-15").getRange("year").end().format("YYYY"), "2014"),
        (lambda: ee.Date("2022-08-30").getRelative("day", "year"), 241),
        (lambda: ee.Date("2022-08-30").update(2020, 3).get("year"), 2020),
        (lambda: ee.Date.parse("dd/MM/yyyy", "30/08/2022").format("YYYY-MM-dd"), "2022-08-30"),
        (lambda: ee.DateRange("2022-08-01", "2022-09-01").contains("2022-09-01"), False),
        (lambda: ee.List.sequence(1, 9, 4), [1, 5, 9]),
        (lambda: ee.List.sequence(0, 1, None, 3), [0, 0.5, 1]),
        (lambda: ee.List([1, 2, 3, 4, 5]).slice(1, -1, 2), [2, 4]),
        (lambda: ee.List([3, 1, 2]).sort(), [1, 2, 3]),
        (lambda: ee.List(["a", "b", "c"]).sort([3, 1, 2]), ["b", "c", "a"]),
        (lambda: ee.List([1, [2, [3]]]).flatten(), [1, 2, 3]),
        (lambda: ee.List([1, 2, 3]).zip(["a", "b"]), [[1, "a"], [2, "b"]]),
        (lambda: ee.List([1, 2, 2]).frequency(2), 2),
        (lambda: ee.List([1, 2, 3]).reduce(ee.Reducer.mean()), 2),
        (lambda: ee.List([[1, 2], [3, 4]]).unzip(), [[1, 3], [2, 4]]),
        (lambda: ee.List([1, 2, 3]).indexOf(3), 2),
        (lambda: ee.List([1, 2, 3]).get(-1), 3),
        (lambda: ee.List(["b", "a", "b"]).distinct(), ["b", "a"]),
        (lambda: ee.List(["a", 1, 2.0]).join("-"), "a-1-2.0"),
        (lambda: ee.Dictionary({"b": 1, "a": 2}).keys(), ["a", "b"]),
        (lambda: ee.Dictionary({"b": 1, "a": 2}).values(), [2, 1]),
        (lambda: ee.Dictionary({"a": 1}).combine({"a": 5, "b": 2}, False), {"a": 1, "b": 2}),
        (lambda: ee.Dictionary({"a": 1, "ab": 2}).select(["a.*"]), {"a": 1, "ab": 2}),
        (lambda: ee.Dictionary({"a": 1}).map(lambda k, v: ee.Number(v).add(1)), {"a": 2}),
        (lambda: ee.Dictionary({"a": 1}).get("z", 9), 9),
        (lambda: ee.Dictionary(["x", 1, "y", 2]), {"x": 1, "y": 2}),
        (lambda: ee.String("S1A_IW").split("_"), ["S1A", "IW"]),
        (lambda: ee.String("S1A_IW").replace("([A-Z])$", "<$1>"), "S1A_I<W>"),
        (lambda: ee.String("abcd").slice(1, 3).cat("!").toUpperCase(), "BC!"),
        (lambda: ee.String("aXbX").match("X", "g"), ["X", "X"]),
        (lambda: ee.String(ee.Number(5)), "5"),
        (lambda: ee.Number(7).format("%05d"), "00007"),
        (lambda: ee.Number(math.pi).format("%.2f"), "3.14"),
        (lambda: ee.Number(7).mod(0), 0),
        (lambda: ee.Number(7).divide(2), 3.5),
        (lambda: ee.Number.parse("ff", 16), 255),
        (lambda: ee.Number.expression("a * 2 + max(b, 1)", {"a": 3, "b": 5}), 11),
        (lambda: ee.Number(2).pow(0.5), math.sqrt(2)),
        (lambda: ee.Array([[1, 2], [3, 4]]).slice(1, 1, 2).project([0]), [2, 4]),
        (lambda: ee.Array([1, 5, 3]).argmax(), [1]),
        (lambda: ee.Array([1, 2, 3]).accum(0), [1, 3, 6]),
        (lambda: ee.Array([[1, 2], [3, 4]]).reduce(ee.Reducer.sum(), [0]), [[4, 6]]),
        (lambda: ee.Array([3, 1, 2]).sort(), [1, 2, 3]),
        (lambda: ee.Array([1, 2]).multiply(ee.Array([3, 4])).toList(), [3, 8]),
        (lambda: ee.Array.cat([ee.Array([1]), ee.Array([2])], 1), [[1, 2]]),
        (lambda: ee.Array([[1, 2], [3, 4]]).matrixMultiply([[1], [1]]), [[3], [7]]),
        (lambda: ee.Array([1, 2]).repeat(1, 2), [[1, 1], [2, 2]]),
        (lambda: ee.Array([[1, 2], [3, 4]]).get([1, 0]), 3),
        (lambda: ee.Array([[1, 2, 3]]).length(), [1, 3]),
        (lambda: ee.Array([1, 2, 3]).gt(1), [0, 1, 1]),
        (lambda: ee.Algorithms.ObjectType(ee.List([])), "List"),
    ],
)
def test_answers(bench: Bench, made, answer) -> None:
    found = bench.value(made())
    assert found == pytest.approx(answer) if isinstance(answer, (int, float)) else found == answer


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: ee.List([1]).get(5), "List index must be between"),
        (lambda: ee.Dictionary({"a": 1}).get("z"), "does not contain key: 'z'"),
        (lambda: ee.Date("not a date"), "Bad date/time 'not a date'"),
        (lambda: ee.Array([[1, 2], [3]]), "same length"),
        (lambda: ee.Array([1, 2]).get([7]), "out of bounds"),
    ],
)
def test_mistakes(bench: Bench, made, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        bench.value(made())


def test_otsu_on_the_server_is_scikit_images(bench: Bench) -> None:
    from skimage.filters import threshold_otsu

    rng = np.random.default_rng(5)
    values = np.concatenate([rng.normal(-20, 1.5, 3000), rng.normal(-11, 2, 5000)])
    counts, edges = np.histogram(values, 120, (-30, 0))
    means = ee.Array((edges[:-1] + 0.125).tolist())
    weights = ee.Array(counts.tolist())
    total = weights.reduce(ee.Reducer.sum(), [0]).get([0])
    overall = means.multiply(weights).reduce(ee.Reducer.sum(), [0]).get([0])

    def between(k: ee.Number) -> ee.Number:
        a = weights.slice(0, 0, k)
        below = a.reduce(ee.Reducer.sum(), [0]).get([0])
        below_sum = a.multiply(means.slice(0, 0, k)).reduce(ee.Reducer.sum(), [0]).get([0])
        above = ee.Number(total).subtract(below)
        gap = (
            ee.Number(below_sum).divide(below).subtract(ee.Number(overall).subtract(below_sum).divide(above))
        )
        return gap.pow(2).multiply(below).multiply(above)

    scores = ee.List.sequence(1, 119).map(between)
    found = bench.value(means.toList().get(ee.Array(scores).argmax().get(0)))
    assert found == pytest.approx(threshold_otsu(hist=(counts, edges[:-1] + 0.125)), abs=0.26)


@settings(max_examples=60, deadline=None)
@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)))
def test_dates_are_datetimes(when: dt.datetime) -> None:
    text = when.strftime("%Y-%m-%dT%H:%M:%S")
    date = parse_date(text)
    assert date.millis == when.replace(microsecond=0, tzinfo=dt.UTC).timestamp() * 1000
    assert format_date(date, None, None) == text
    assert format_date(date, "D", None) == str(when.timetuple().tm_yday)
    span = get_range(date, "month", None)
    assert span.start <= date.millis < span.end
    assert advance(Date(span.start), 1, "month", None).millis == span.end
