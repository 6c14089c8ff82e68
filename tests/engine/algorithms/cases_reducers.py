"""Reducers on lists, columns with weights and null, arrays and pixels, against NumPy and SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import ee
import numpy as np
from scipy import optimize, stats

from tests.engine.algorithms.case import HOLES, STORED, Case

V = [3.5, -2.0, 7.25, -2.0, 0.0, 11.0, 4.0]
X = [1.0, 2.0, 4.0, 4.0, 5.0, 8.0, 9.0]
W = [1.0, 0.5, 0.0, 0.25, 2.0, 1.0, 0.75]
VA, XA, WA = np.array(V), np.array(X), np.array(W)
WHOLE = [13, 7, 29, 5]
TIED = [1, 1, 1, 2, 3, 4, 4, 4], [5, 5, 5, 5, 1, 2, 2, 0]


def on(values: Sequence[Any]) -> Callable[[ee.Reducer], Any]:
    """Ask for the reduction of a list."""
    return lambda reducer: ee.List(list(values)).reduce(reducer)


def columns(rows: Sequence[Sequence[Any]], weights: Sequence[float] | None = None) -> Any:
    """Ask for the reduction of the columns of a table; null properties are left out of its features."""

    def ask(reducer: ee.Reducer) -> ee.Dictionary:
        names = [f"c{i}" for i in range(len(rows[0]))]
        features = []
        for number, row in enumerate(rows):
            found = {name: value for name, value in zip(names, row, strict=True) if value is not None}
            features.append(ee.Feature(None, found | ({"w": weights[number]} if weights else {})))
        return ee.FeatureCollection(features).reduceColumns(reducer, names, ["w"] if weights else None)

    return ask


def _case(name: str, arguments: Any, truth: Any, ask: Any, tag: str = "", **more: Any) -> Case:
    return Case(f"Reducer.{name}", arguments, truth, ask, name=tag, **more)


def _r(name: str, *arguments: Any) -> Callable[[], ee.Reducer]:
    return lambda: ee.ApiFunction.call_(f"Reducer.{name}", *arguments)


def _mean(values: Any, weights: Any) -> float:
    return float((values * weights).sum() / weights.sum())


def _variance(values: Any, weights: Any) -> float:
    return _mean((values - _mean(values, weights)) ** 2, weights)


_R = math.hypot(_mean(np.sin(VA), np.ones(7)), _mean(np.cos(VA), np.ones(7)))
SIMPLE: dict[str, float] = {
    "sum": VA.sum(), "mean": VA.mean(), "variance": VA.var(), "stdDev": VA.std(),
    "sampleVariance": VA.var(ddof=1), "sampleStdDev": VA.std(ddof=1), "skew": float(stats.skew(VA)),
    "kurtosis": float(stats.kurtosis(VA)), "circularMean": float(stats.circmean(VA, np.pi, -np.pi)),
    "circularVariance": 1 - _R, "circularStddev": float(stats.circstd(VA)), "product": 0.0, "count": 7,
    "countEvery": 7, "countDistinct": 6, "countDistinctNonNull": 6, "countRuns": 7, "allNonZero": 0,
    "and": 0, "anyNonZero": 1, "or": 1, "median": float(np.median(VA)), "mode": -2.0, "first": 3.5,
    "firstNonNull": 3.5, "last": 4.0, "lastNonNull": 4.0, "min": -2.0, "max": 11.0,
}  # fmt: skip

NAMES = {
    "sum": ["sum"], "mean": ["mean"], "sampleVariance": ["variance"], "sampleStdDev": ["stdDev"],
    "allNonZero": ["all"], "or": ["any"], "countDistinctNonNull": ["count"], "firstNonNull": ["first"],
    "lastNonNull": ["last"], "circularStddev": ["circularStdDev"], "frequencyHistogram": ["histogram"],
    "minMax": ["min", "max"], "linearFit": ["scale", "offset"], "toList": ["list"],
}  # fmt: skip
"""Documented at the reducer's page ("Where applicable, the output name is ...")."""

NUMBERS = [_case(name, [], truth, on(V), rtol=1e-9) for name, truth in SIMPLE.items()] + [
    _case("product", [], math.prod(WHOLE), on(WHOLE), "without 0"),
    _case("allNonZero", [], 1, on(WHOLE), "of non-zeros"),
    _case("and", [], 1, on([-1, 2]), "of non-zeros"),
    _case("anyNonZero", [], 0, on([0, 0]), "of zeros"),
    _case("or", [], 0, on([0, 0]), "of zeros"),
    _case("bitwiseAnd", [], 13 & 7 & 29 & 5, on(WHOLE)),
    _case("bitwiseOr", [], 13 | 7 | 29 | 5, on(WHOLE)),
    _case("countRuns", [], 3, on([1, 1, 2, 2, 2, 1]), "of equals"),
    _case("minMax", [], {"min": -2.0, "max": 11.0}, on(V)),
    _case("median", [], float(np.median(V[:6])), on(V[:6]), "of an even number"),
    _case("percentile", [[0, 10, 50, 90, 100]],
          dict(zip(["p0", "p10", "p50", "p90", "p100"], np.percentile(VA, [0, 10, 50, 90, 100]).tolist(),
                   strict=True)), on(V), rtol=1e-9),
    _case("percentile", [[25], ["lower"]], float(np.percentile(VA, 25)), on(V), "one output"),
    _case("percentile", [[25, 75], ["lower", "upper"]], ["lower", "upper"],
          lambda r: r.getOutputs(), "names"),
    _case("intervalMean", [10, 90], float(np.mean([v for v in V if np.percentile(VA, 10) <= v
                                                    <= np.percentile(VA, 90)])), on(V), rtol=1e-9),
]  # fmt: skip

NULLS = [(3.0,), (None,), (-1.0,), (3.0,)]
WEIGHTED = [
    _case("sum", [], {"sum": (VA * WA).sum()}, columns([[v] for v in V], W), "weighted"),
    _case("mean", [], {"mean": _mean(VA, WA)}, columns([[v] for v in V], W), "weighted"),
    _case("variance", [], {"variance": _variance(VA, WA)}, columns([[v] for v in V], W), "weighted"),
    _case("stdDev", [], {"stdDev": math.sqrt(_variance(VA, WA))}, columns([[v] for v in V], W), "weighted"),
    _case("frequencyHistogram", [], {"histogram": {"-2": 0.75, "0": 2.0, "3.5": 1.0, "4": 0.75, "11": 1.0}},
          columns([[v] for v in V], W)),
    _case("frequencyHistogram", [], {"a": 2, "b": 1}, on(["a", "b", "a"]), "of text"),
    _case("fixedHistogram", [-4, 12, 4],
          {"histogram": np.column_stack([[-4, 0, 4, 8], np.histogram(V, [-4, 0, 4, 8, 12], weights=W)[0]])
           .tolist()}, columns([[v] for v in V], W)),
    _case("fixedHistogram", [-4, 12, 4, True],
          np.column_stack([[-4, 0, 4, 8], np.cumsum(np.histogram(V, [-4, 0, 4, 8, 12])[0])]).tolist(), on(V),
          "cumulative"),
    _case("fixedHistogram", [0, 11, 2], [[0, 3], [5.5, 1]], on(V), "the upper bound is outside"),
    _case("linearFit", [], dict(zip(["scale", "offset"], np.polyfit(X, V, 1, w=np.sqrt(WA)).tolist(),
                                    strict=True)),
          columns(list(zip(X, V, strict=True)), W), "weighted", rtol=1e-9),
    _case("unweighted", [_r("mean")], {"mean": VA[WA > 0].mean()}, columns([[v] for v in V], W)),
    _case("splitWeights", [_r("mean")], {"mean": _mean(VA, WA)}, columns(list(zip(V, W, strict=True)))),
    _case("count", [], {"count": 3}, columns(NULLS), "leaves null out"),
    _case("countEvery", [], {"count": 4}, columns(NULLS), "takes null"),
    _case("countDistinct", [], {"count": 3}, columns(NULLS), "takes null"),
    _case("countDistinctNonNull", [], {"count": 2}, columns(NULLS), "leaves null out"),
    _case("mean", [], {"mean": 5 / 3}, columns(NULLS), "leaves null out"),
    _case("first", [], {"first": None}, columns([(None,), (2.0,)]), "takes null"),
    _case("firstNonNull", [], {"first": 2.0}, columns([(None,), (2.0,)]), "leaves null out"),
    _case("last", [], {"last": None}, columns([(2.0,), (None,)]), "takes null"),
    _case("lastNonNull", [], {"last": 2.0}, columns([(2.0,), (None,)]), "leaves null out"),
    _case("first", [], "p", on(["p", "q"]), "of text"),
    _case("max", [], {"max": None}, columns([(None,), (None,)]), "of nothing"),
    _case("sum", [], 0, on([]), "of nothing"),
]  # fmt: skip

TRIPLES = [(3.0, "a", 1.0), (None, "b", 2.0), (5.0, None, 3.0)]
TABLES = [
    _case("toList", [], V, on(V)),
    _case("toList", [2], {"list": [[1, 2], [5, 6]]}, columns([(1, 2), (3, None), (5, 6)]), "tuples"),
    _case("toList", [3, 2], {"list": [[3.0, "a", 1.0], [5.0, None, 3.0]]}, columns(TRIPLES), "optional"),
    _case("toCollection", [["p", "q"]], [{"p": 1, "q": 2}, {"p": 5, "q": 6}],
          lambda r: ee.FeatureCollection(columns([(1, 2), (3, None), (5, 6)])(r).get("features"))
          .toList(9).map(lambda f: ee.Feature(f).toDictionary(["p", "q"]))),
    _case("histogram", [4], {"bucketMeans": [1.0, 2.5, 3.75], "bucketMin": 1.0, "bucketWidth": 1.0,
                             "histogram": [2, 1, 1]}, on([1.0, 1.0, 2.5, 3.75]), "4 buckets"),
    _case("histogram", [None, 2], 2, lambda r: ee.Dictionary(on([0, 1, 7])(r)).get("bucketWidth"), "width"),
    _case("autoHistogram", [4], [[1, 2], [2, 1], [3, 1]], on([1.0, 1.0, 2.5, 3.75])),
    _case("autoHistogram", [4, None, None, True], [[1, 2], [2, 3], [3, 4]],
          on([1.0, 1.0, 2.5, 3.75]), "sums"),
    _case("histogramCombiner", [4], {"bucketMeans": [1.0, 2.5, 3.75], "bucketMin": 1.0, "bucketWidth": 1.0,
                                     "histogram": [2, 1, 1]},
          on([{"bucketMeans": [1.0, 2.5], "histogram": [1, 1], "bucketMin": 1, "bucketWidth": 1},
              {"bucketMeans": [1.0, 2.0, 3.75], "histogram": [1, 0, 1], "bucketMin": 1, "bucketWidth": 1}])),
    _case("fixed2DHistogram", [0, 8, 2, -4, 12, 4],
          {"histogram": np.histogram2d(X[:5] + X[6:], V[:5] + V[6:],
                                       [[0, 4, 8], [-4, 0, 4, 8, 12]])[0].tolist(),
           "xAxis": [0, 4], "yAxis": [-4, 0, 4, 8]},
          columns([(x, v) for x, v in zip(X, V, strict=True) if x != 8])),
]  # fmt: skip


def _geometric_median(points: np.ndarray) -> list[float]:
    def cost(place: np.ndarray) -> float:
        return float(np.sqrt(((points - place) ** 2).sum(axis=1)).sum())

    found = optimize.minimize(cost, points.mean(axis=0), method="Nelder-Mead",
                              options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000})  # fmt: skip
    return [float(v) for v in found.x]


def _ols(x: np.ndarray, y: np.ndarray, w: np.ndarray | None = None) -> tuple[list[Any], list[Any]]:
    root = np.sqrt(np.ones(len(x)) if w is None else w)[:, None]
    found = np.linalg.lstsq(x * root, y * root, rcond=None)[0]
    squares = (root**2 * (y - x @ found) ** 2).sum(axis=0) / (root**2).sum()
    return found.tolist(), np.sqrt(squares).tolist()


DESIGN = np.column_stack([np.ones(7), XA])
TARGETS = np.column_stack([VA, VA**2])
LINE = [(1.0, float(x), float(2 + 3 * x)) for x in range(8)] + [(1.0, 4.5, 90.0)]
ROWS = [tuple(map(float, row)) for row in np.column_stack([DESIGN, TARGETS])]
POINTS = np.array([[0.0, 0.0], [4.0, 0.5], [3.0, 7.0], [-2.0, 5.0], [1.0, 1.5]])
VECTORS = np.array([[1.0, 2.0, -1.0], [3.0, 5.0, 0.5], [-2.0, 4.0, 4.0], [0.0, 1.0, 7.0]])
_CENTRED = VECTORS - VECTORS.mean(axis=0)


def _ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> list[Any]:
    xc, yc = x - x.mean(axis=0), y - y.mean(axis=0)
    slopes = np.linalg.solve(xc.T @ xc + penalty * np.eye(x.shape[1]), xc.T @ yc)
    return np.vstack([slopes, y.mean(axis=0) - x.mean(axis=0) @ slopes]).tolist()


XV = list(zip(X, V, strict=True))
BOTH = list(zip(V, X, strict=True))
SEVERAL = [
    _case("linearRegression", [2, 2],
          dict(zip(["coefficients", "residuals"], _ols(DESIGN, TARGETS), strict=True)),
          columns(ROWS), rtol=1e-9),
    _case("linearRegression", [2, 2],
          dict(zip(["coefficients", "residuals"], _ols(DESIGN, TARGETS, WA), strict=True)),
          columns(ROWS, W), "weighted", rtol=1e-9),
    _case("linearRegression", [2], {"coefficients": None, "residuals": None}, columns([(1, 2, 3), (1, 5, 6)]),
          "no more inputs than variables", mutant=False),
    _case("robustLinearRegression", [2, 1], [[2.0], [3.0]], lambda r: columns(LINE)(r).get("coefficients"),
          "an outlier is left out", rtol=1e-6),
    _case("robustLinearRegression", [2, 1, 1e6],
          _ols(np.array(LINE)[:, :2], np.array(LINE)[:, 2:])[0],
          lambda r: columns(LINE)(r).get("coefficients"), "a wide margin", rtol=1e-6),
    _case("ridgeRegression", [2, 1, 0.7], _ridge(np.column_stack([XA, XA**2]), VA[:, None], 0.7),
          lambda r: columns(list(zip(X, (XA**2).tolist(), V, strict=True)))(r).get("coefficients"),
          rtol=1e-7),
    _case("pearsonsCorrelation", [], dict(zip(["correlation", "p-value"], map(float, stats.pearsonr(X, V)),
                                              strict=True)), columns(BOTH), rtol=1e-9),
    _case("spearmansCorrelation", [], {"correlation": float(stats.spearmanr(X, V)[0])},
          columns(XV), rtol=1e-9),
    _case("kendallsCorrelation", [2],
          dict(zip(["tau", "p-value"], map(float, stats.kendalltau(X, V, method="asymptotic")), strict=True)),
          columns(XV), rtol=1e-9),
    _case("kendallsCorrelation", [2],
          dict(zip(["tau", "p-value"], map(float, stats.kendalltau(*TIED, method="asymptotic")),
                   strict=True)),
          columns(list(zip(*TIED, strict=True))), "three of a kind", rtol=1e-9),
    _case("kendallsCorrelation", [1],
          dict(zip(["tau", "p-value"], map(float, stats.kendalltau(range(7), V, method="asymptotic")),
                   strict=True)), on(V), "against the order", rtol=1e-9),
    _case("sensSlope", [], dict(zip(["slope", "offset"],
                                    map(float, stats.theilslopes(V, X, method="joint")[:2]), strict=True)),
          columns(XV), rtol=1e-9),
    _case("geometricMedian", [2], _geometric_median(POINTS), lambda r: columns(POINTS.tolist())(r).values(
        ["median", "median_1"]), rtol=1e-6),
    _case("covariance", [], np.cov(VECTORS.T, ddof=0).tolist(),
          lambda r: ee.List([ee.Array(v) for v in VECTORS.tolist()]).reduce(r), rtol=1e-9),
    _case("centeredCovariance", [], (_CENTRED.T @ _CENTRED / 4).tolist(),
          lambda r: ee.List([ee.Array(v) for v in _CENTRED.tolist()]).reduce(r), rtol=1e-9),
    _case("min", [2], {"min": -2.0, "min1": 2.0}, columns(BOTH), "with its other input"),
    _case("max", [2], {"max": 11.0, "max1": 8.0}, columns(BOTH), "with its other input"),
]  # fmt: skip

GROUPED = [(3.0, 1, 10.0), (5.0, 2, 20.0), (7.0, 1, 30.0), (None, 1, 40.0)]
ALGEBRA = [
    _case("combine", [_r("mean"), _r("max"), "", True], {"mean": VA.mean(), "max": 11.0}, on(V), "shared"),
    _case("combine", [_r("mean"), _r("mean"), "x_", True], {"mean": VA.mean(), "x_mean": VA.mean()}, on(V),
          "prefix"),
    _case("combine", [_r("mean"), _r("max")], {"mean": VA.mean(), "max": 9.0}, columns(BOTH), "own inputs"),
    _case("combine", [_r("mean"), _r("count")], {"mean": 4.0, "count": 1},
          columns([(3.0, None), (5.0, 1.0)]), "null of one"),
    _case("repeat", [_r("sum"), 2], {"sum": [VA.sum(), XA.sum()]}, columns(BOTH)),
    _case("repeat", [_r("minMax"), 2], {"min": [-2.0, 1.0], "max": [11.0, 9.0]}, columns(BOTH),
          "two outputs"),
    _case("forEach", [_r("mean"), ["p", "q"]], {"p": VA.mean(), "q": XA.mean()}, columns(BOTH)),
    _case("forEach", [_r("minMax"), ["p"]], ["p_min", "p_max"], lambda r: r.getOutputs(), "two outputs"),
    _case("forEachBand", [_r("mean"), lambda: ee.Image("C/a")], {"VV": VA.mean(), "VH": XA.mean()},
          columns(BOTH)),
    _case("forEachElement", [_r("count")], [[2, 2], [2, 2]],
          lambda r: ee.List([ee.Array([[1, 2], [3, 4]]), ee.Array([[5, -2], [0, 9]])]).reduce(r)),
    _case("setOutputs", [_r("minMax"), ["low", None]], {"low": -2.0}, columns([[v] for v in V])),
    _case("setOutputs", [_r("mean"), ["average"]], ["average"], lambda r: r.getOutputs(), "names"),
    _case("getOutputs", [_r("minMax")], ["min", "max"], None),
    _case("group", [_r("sum"), 1, "zone"],
          {"groups": [{"zone": 1, "sum": 10.0}, {"zone": 2, "sum": 5.0}]},
          columns([row[:2] for row in GROUPED])),
    _case("group", [lambda: ee.Reducer.sum().repeat(2), 1],
          {"groups": [{"group": 1, "sum": [10.0, 80.0]}, {"group": 2, "sum": [5.0, 20.0]}]},
          columns(GROUPED), "repeated"),
    _case("group", [lambda: ee.Reducer.count().group(1, "inner"), 2, "outer"],
          {"groups": [{"outer": 0, "groups": [{"inner": 1, "count": 2}, {"inner": 2, "count": 1}]},
                      {"outer": 5, "groups": [{"inner": 1, "count": 1}]}]},
          columns([(1.5, 1, 0), (2.5, 2, 0), (3.5, 1, 0), (4.5, 1, 5)]), "in a group"),
    _case("group", [_r("count"), 1], {"groups": [{"group": "a", "count": 2}, {"group": "b", "count": 1}]},
          columns([(1, "a"), (2, "b"), (3, "a")]), "by text"),
    _case("disaggregate", [_r("sum")], 21,
          lambda r: ee.List([ee.Array([[1, 2], [3, 4]]), ee.List([5, 6])]).reduce(r)),
    _case("disaggregate", [_r("toList"), 0], [[1, 2], [3, 4]],
          lambda r: ee.List([ee.Array([[1, 2], [3, 4]])]).reduce(r), "along an axis"),
    _case("disaggregate", [_r("max")], 8, lambda r: ee.List([{"p": 3, "q": 8}, {"p": 5}]).reduce(r),
          "dictionaries"),
] + [
    _case(name, [], outputs, lambda r: r.getOutputs(), "output names", mutant=False)
    for name, outputs in NAMES.items() if name != "toList"
]  # fmt: skip

N = STORED["C/whole"]["n"].astype(float)
XH = STORED["C/holes"]["x"].astype(float)
A, B = STORED["C/a"], STORED["C/b"]
DATES = np.stack([A["VV"], B["VV"], A["VH"], B["VH"]]).astype(float)  # four dates


def dates() -> ee.ImageCollection:
    a, b = ee.Image("C/a"), ee.Image("C/b")
    return ee.ImageCollection([a.select([0], ["v"]), b.select([0], ["v"]), a.select([1], ["v"]),
                               b.select([1], ["v"])])  # fmt: skip


def timed() -> ee.ImageCollection:
    """Two bands, `t` (0..3) and `v`."""
    images = dates().toList(4)
    return ee.ImageCollection([
        ee.Image.constant(k).toFloat().rename("t").addBands(ee.Image(images.get(k))) for k in range(4)
    ])  # fmt: skip


def gapped() -> ee.ImageCollection:
    """Three images; the second has the holes of C/holes."""
    whole = ee.Image("C/whole").select(["n"], ["v"]).toFloat()  # a collection has one type
    return ee.ImageCollection([whole, ee.Image("C/holes").rename("v").multiply(100), whole.add(7)])


GAPS = np.ma.MaskedArray(np.stack([N, XH.astype(np.float32) * 100, N + 7]),
                         np.stack([HOLES < 0, HOLES == 0, HOLES < 0]))  # fmt: skip


def per_pixel(collection: Callable[[], ee.ImageCollection]) -> Any:
    return lambda reducer: collection().reduce(reducer)


def _pixels(name: str, arguments: Any, truth: Any, collection: Any, tag: str, **more: Any) -> Case:
    more.setdefault("rtol", 1e-5)
    return Case(f"Reducer.{name}", arguments, truth, per_pixel(collection), name=tag, pixels=True, **more)


_T = np.arange(4.0)
_SLOPE = np.polyfit(_T, DATES.reshape(4, -1), 1).reshape(2, *N.shape)
_RANKS = stats.rankdata(DATES, axis=0)
_SEN = np.median([(DATES[j] - DATES[i]) / (j - i) for i in range(4) for j in range(i + 1, 4)], axis=0)
_KENDALL = np.mean([np.sign(DATES[j] - DATES[i]) for i in range(4) for j in range(i + 1, 4)], axis=0)

PIXELS = [
    _pixels("median", [], np.ma.median(GAPS, axis=0), gapped, "per pixel"),
    _pixels("count", [], GAPS.count(axis=0), gapped, "per pixel"),
    _pixels("sum", [], GAPS.sum(axis=0), gapped, "per pixel"),
    _pixels("variance", [], GAPS.var(axis=0), gapped, "per pixel"),
    _pixels("max", [], GAPS.max(axis=0), gapped, "per pixel"),
    _pixels("percentile", [[20, 80]], np.percentile(DATES, 80, axis=0), dates, "per pixel", band=1),
    _pixels("skew", [], stats.skew(DATES, axis=0), dates, "per pixel", rtol=1e-4, atol=1e-6),
    _pixels("toList", [], np.moveaxis(DATES, 0, -1), dates, "arrays of pixels"),
    _pixels("linearFit", [], _SLOPE[0], timed, "slope per pixel", atol=1e-5),
    _pixels("linearRegression", [1], (_T[:, None, None] * DATES).sum(0)[..., None, None] / 14, timed,
            "coefficients per pixel", atol=1e-6),
    _pixels("sensSlope", [], _SEN, timed, "per pixel", atol=1e-6),
    _pixels("kendallsCorrelation", [], _KENDALL, dates, "tau per pixel", atol=1e-9),
    _pixels("spearmansCorrelation", [],
            ((_RANKS - 2.5) * (_T - 1.5)[:, None, None]).sum(0) / 5, timed, "per pixel", atol=1e-9),
    Case("Reducer.fixedHistogram", [-30, 10, 4],
         np.moveaxis([(np.floor(DATES / 10) * 10 == low).sum(0) for low in (-30, -20, -10, 0)], 0, -1),
         lambda r: dates().reduce(r).arraySlice(1, 1, 2).arrayProject([0]), name="per pixel", pixels=True),
    Case("Reducer.autoHistogram", [2], np.full(N.shape, 4),
         lambda r: dates().reduce(r).arraySlice(1, 1, 2).arrayReduce(ee.Reducer.sum(), [0]).arrayGet([0, 0]),
         name="per pixel", pixels=True),
]  # fmt: skip


def _short(name: str, truth: Any, **more: Any) -> Case:
    return Case(f"reduce.{name}", [gapped], truth, pixels=True, rtol=1e-5, **more)


SHORT = [
    _short("min", GAPS.min(axis=0)), _short("max", GAPS.max(axis=0)), _short("sum", GAPS.sum(axis=0)),
    _short("mean", GAPS.mean(axis=0), atol=1e-5), _short("median", np.ma.median(GAPS, axis=0)),
    _short("count", GAPS.count(axis=0)), _short("product", GAPS.prod(axis=0), atol=1e-3),
    _short("and", (GAPS != 0).all(axis=0)), _short("or", (GAPS != 0).any(axis=0)),
    Case("reduce.mode", [lambda: ee.ImageCollection([ee.Image(-1), ee.Image(-1), ee.Image(4)])],
         np.full(N.shape, -1), pixels=True),
    Case("reduce.median", [gapped], ["v"], lambda image: image.bandNames(), name="names", mutant=False),
]  # fmt: skip

CASES = [*NUMBERS, *WEIGHTED, *TABLES, *SEVERAL, *ALGEBRA, *PIXELS, *SHORT]
