"""Bands, masks, colours and sources of images against NumPy, scikit-image, pyproj and rasterio."""

from __future__ import annotations

import colorsys
from typing import Any

import ee
import numpy as np
import pyproj

from tests.engine.algorithms.case import HOLES, STORED, Case
from tests.engine.algorithms.cases_image_elementwise import VH, VV, M, N, X, holed, m, n, x
from tests.engine.memory_library import UTM

NOTHING = np.zeros(UTM.shape, bool)
ROW, COL = np.mgrid[:64, :64]
EAST, NORTH = 500000 + 10 * (COL + 0.5), 3000000 - 10 * (ROW + 0.5)
LON, LAT = pyproj.Transformer.from_crs(UTM.crs, "EPSG:4326", always_xy=True).transform(EAST, NORTH)
BOX = [500100, 2999700, 500200, 2999900]
WITHIN = (BOX[0] < EAST) & (BOX[2] > EAST) & (BOX[1] < NORTH) & (BOX[3] > NORTH)


def radar() -> ee.Image:
    """`VV` and `VH`."""
    return ee.Image("C/a")


def whole() -> ee.Image:
    """`n` and `m`."""
    return ee.Image("C/whole")


def box(corners: list[float]) -> ee.Geometry:
    """A rectangle in the CRS of the images."""
    return ee.Geometry.Rectangle(corners, UTM.crs, False)


def inside() -> ee.Geometry:
    """Columns 10..19 of rows 10..29."""
    return box(BOX)


def _names(image: Any) -> Any:
    return ee.Image(image).bandNames()


def _types(image: Any) -> Any:
    return ee.Image(image).bandTypes()


def _kind(thing: Any) -> Any:
    return ee.Algorithms.ObjectType(thing)


def _corners(geometry: Any) -> list[Any]:
    """Least and largest coordinates of a polygon."""
    numbers = ee.Geometry(geometry).coordinates().flatten()
    axes = [numbers.slice(k, None, 2) for k in (0, 1)]
    return [axis.reduce(end) for end in (ee.Reducer.min(), ee.Reducer.max()) for axis in axes]


def _mercator() -> list[float]:
    x, y = pyproj.Transformer.from_crs(UTM.crs, "EPSG:3857", always_xy=True).transform(
        [BOX[0], BOX[2], BOX[0], BOX[2]], [BOX[1], BOX[1], BOX[3], BOX[3]]
    )
    return [min(x), min(y), max(x), max(y)]


def _type(low: Any, high: Any, precision: str = "int") -> dict[str, Any]:
    return {"type": "PixelType", "precision": precision, "min": low, "max": high}


def _pixels(algorithm: str, arguments: Any, truth: Any, **more: Any) -> Case:
    return Case(f"Image.{algorithm}", arguments, truth, pixels=True, **more)


def _named(algorithm: str, arguments: Any, truth: Any, **more: Any) -> Case:
    return Case(f"Image.{algorithm}", arguments, truth, ask=_names, **more)


_LOOSE = {"rtol": 1e-6, "atol": 1e-6}

CASES = [
    _named("select", [radar, ["V[H]", 0]], ["VH", "VV"], name="regex and index"),
    _named("select", [radar, ["VH", "VV"], ["a", "b"]], ["a", "b"], name="renamed"),
    _pixels("select", [radar, [-1]], VH, name="from the end"),
    _named("rename", [radar, ["a", "b"]], ["a", "b"]),
    _named("regexpRename", [radar, "V(.)", "$1_V"], ["V_V", "H_V"]),
    _named("regexpRename", [radar, "V", "x", False], ["xV", "xH"], name="first only"),
    _named("slice", [radar, -1], ["VH"]),
    _named("slice", [radar, 0, 1], ["VV"], name="end"),
    _named("addBands", [radar, lambda: ee.Image("C/b").addBands(n())], ["VV", "VH", "VV_1", "VH_1", "n"]),
    _pixels("addBands", [radar, lambda: ee.Image("C/b"), ["VH"], True], STORED["C/b"]["VH"], band=1,
            name="overwritten", rtol=1e-7),
    _named("cat", [[radar, n, radar]], ["VV", "VH", "n", "VV_1", "VH_1"], mutant=False),
    Case("Image.cat", [[radar, n]], "Image", ask=_kind, name="type"),
    Case("Image.bandNames", [radar], ["VV", "VH"]),
    Case("Image.bandTypes", [whole], {"n": _type(-32768, 32767), "m": _type(0, 255)}),
    Case("Image.projection", [radar], {"type": "Projection", "crs": UTM.crs,
        "transform": list(UTM.transform)}),
    Case("Image.date", [radar], 1_600_000_000_000, ask=lambda d: ee.Date(d).millis()),
    Case("Image.id", [radar], "C/a"),
    Case("Image.geometry", [lambda: radar().clip(inside()), 1, "EPSG:3857"], _mercator,
         ask=_corners, atol=0.1),
    Case("Image.copyProperties", [n, lambda: ee.Image(0).set("k", 7).set("o", 1), ["k"]], [7, None],
         ask=lambda e: [e.get("k"), e.get("o")]),
    _pixels("linkCollection", [lambda: ee.Image("C/a").set("k", 2),
            lambda: ee.ImageCollection([ee.Image("C/b").set("k", 1), whole().set("k", 2)]), ["m"], None, "k"],
            M, band=2),
    _pixels("cast", [whole, {"n": "int8", "m": "double"}, ["m", "n"]], M, name="order"),
    Case("Image.cast", [whole, {"m": "float", "zz": "int8", "b": "double"}],
         {"n": _type(-32768, 32767), "m": {"type": "PixelType", "precision": "float"},
          "b": {"type": "PixelType", "precision": "double"}, "zz": _type(-128, 127)}, ask=_types,
              name="types"),
    _named("cast", [whole, {"zz": "int8", "b": "double"}], ["n", "m", "b", "zz"], name="new ones by name"),
    _pixels("cast", [n, {"b": "int8"}], np.ma.MaskedArray(N, ~NOTHING), band=1, name="new ones are masked",
            atol=1e9),
    Case("Image.load", ["C/whole"], ["n", "m"], ask=_names),
    _pixels("constant", [[3, 4.5]], np.full(UTM.shape, 4.5), band=1, mutant=False),
    _named("constant", [{"b": 1, "a": 2}], ["a", "b"], name="names", mutant=False),
    Case("Image.constant", [4.5], "Image", ask=_kind, name="type"),
    Case("Image.constant", [lambda: ee.Array([0, 0, 255])],
         {"constant": {"type": "PixelType", "precision": "int", "min": 0, "max": 255, "dimensions": 1}},
         ask=_types, name="array", source="apidocs/ee-image", mutant=False),
    _pixels("metadata", [radar, "system:time_start", "t"], np.full(UTM.shape, 1.6e12)),
    _named("metadata", [radar, "system:time_start"], ["system:time_start"], name="name"),
    _pixels("pixelArea", [], np.full(UTM.shape, 100 / 0.9996**2), rtol=1e-5),
    _pixels("pixelLonLat", [], LON, rtol=1e-10),
    _pixels("pixelLonLat", [], LAT, rtol=1e-10, band=1, name="latitude"),
    _pixels("pixelCoordinates", [lambda: ee.Projection(UTM.crs, [20, 0, 500000, 0, -20, 3000000])],
            (COL + 0.5) / 2),
    _pixels("pixelCoordinates", [lambda: ee.Projection("EPSG:4326")], LAT, band=1, name="degrees"),
    Case("Image.random", [7], [True, True, True], ask=lambda i: _moments(i, 0.5, 12**-0.5), name="uniform"),
    Case("Image.random", [7, "normal"], [True, True, True], ask=lambda i: _moments(i, 0, 1), name="normal"),
    _pixels("updateMask", [radar, lambda: n().gt(0)], np.ma.MaskedArray(VV, N <= 0)),
    _pixels("updateMask", [x, lambda: n().gt(0)], np.ma.MaskedArray(X, (N <= 0) | (HOLES == 0)),
            name="masked stays masked"),
    _pixels("selfMask", [n], np.ma.MaskedArray(N, N <= 0)),
    _pixels("mask", [x], HOLES),
    _pixels("mask", [x, lambda: n().neq(0)], np.ma.MaskedArray(np.where(HOLES, X, 0), N == 0), name="set"),
    _pixels("unmask", [x, lambda: n().divide(10)], np.where(HOLES, X, N / 10), **_LOOSE),
    _pixels("unmask", [x], np.where(HOLES, X, 0), name="zero"),
    _pixels("where", [n, lambda: m().lt(7), lambda: m().multiply(-1)], np.where(M < 7, -M, N)),
    _pixels("where", [n, lambda: x().gt(0), 5], np.where((HOLES > 0) & (X > 0), 5, N), name="masked test"),
    _pixels("where", [n, 1, lambda: x().multiply(9).int()], np.where(HOLES > 0, np.trunc(X * 9), N),
            name="masked value"),
    _pixels("clip", [radar, inside], np.ma.MaskedArray(VV, ~WITHIN)),
    _pixels("clipToCollection", [radar, lambda: ee.FeatureCollection([
        ee.Feature(inside()), ee.Feature(box([500000, 2999990, 500640, 3000000]))])],
        np.ma.MaskedArray(VV, ~(WITHIN | (ROW == 0)))),
    _pixels("blend", [n, lambda: m().updateMask(0.25)], 0.75 * N + 0.25 * M, atol=1.0),
    _pixels("blend", [lambda: n().double(), lambda: m().updateMask(x().gt(0).unmask(0))],
            np.where((HOLES > 0) & (X > 0), M, N), name="opaque"),
    _pixels("remap", [m, [3, 1, 4], [30, 10, -40]],
            np.ma.MaskedArray(np.select([M == 3, M == 1, M == 4], [30, 10, -40]), ~np.isin(M, [1, 3, 4]))),
    _pixels("remap", [whole, [3, 1], [0.5, 2], -1, "m"], np.select([M == 3, M == 1], [0.5, 2], -1),
        name="default"),
    _named("remap", [m, [1], [2]], ["remapped"], name="name"),
    _pixels("interpolate", [n, [-20, 0, 10], [0, 1, 5]],
            np.where(N < 0, 1 + N / 20, np.where(N > 10, 5 + (N - 10) * 0.4, 1 + 0.4 * N)), **_LOOSE),
    _pixels("interpolate", [n, [-20, 0, 10], [0, 1, 5], "clamp"], np.interp(N, [-20, 0, 10], [0, 1, 5]),
            name="clamp", **_LOOSE),
    _pixels("interpolate", [n, [-20, 10], [7, 5], "input"],
            np.where((N < -20) | (N > 10), N, np.interp(N, [-20, 10], [7, 5])), name="input", **_LOOSE),
    _pixels("interpolate", [n, [-20, 10], [7, 5], "mask"],
            np.ma.MaskedArray(np.interp(N, [-20, 10], [7, 5]), (N < -20) | (N > 10)), name="mask", **_LOOSE),
    _pixels("clamp", [n, -7.5, 20], np.clip(np.clip(N, -7.5, 20), -7, 20), atol=1),
    _pixels("clamp", [x, -0.25, 0.5], holed(np.clip(X, -0.25, 0.5)), name="floats"),
    _pixels("unitScale", [n, -10, 30], (N + 10) / 40, **_LOOSE),
    _pixels("polynomial", [x, [1, -2, 3]], holed(1 - 2 * X.astype(float) + 3 * X.astype(float) ** 2),
        **_LOOSE),
    _pixels("normalizedDifference", [whole, ["m", "n"]],
            np.ma.MaskedArray(np.where(M + N == 0, 0, (M - N) / np.where(M + N == 0, 1, M + N)), N < 0),
                **_LOOSE),
    _pixels("normalizedDifference", [lambda: whole().abs()],
            np.where(M + abs(N) == 0, 0, (abs(N) - M) / np.maximum(M + abs(N), 1)), name="first two",
                **_LOOSE),
    _pixels("reduce", [whole, lambda: ee.Reducer.max()], np.maximum(N, M)),
    _named("reduce", [whole, lambda: ee.Reducer.minMax()], ["min", "max"], name="names"),
    _pixels("paint", [n, lambda: ee.FeatureCollection([ee.Feature(inside(), {"k": 7})]), "k"],
            np.where(WITHIN, 7, N)),
    _pixels("paint", [lambda: n().byte(), lambda: ee.FeatureCollection([ee.Feature(inside())])],
            np.where(WITHIN, 0, np.clip(N, 0, 255)), name="default is 0"),
    _pixels("toArray", [whole], np.stack([N, M], -1), name="bands"),
]  # fmt: skip


def _moments(image: ee.Image, mean: float, deviation: float) -> list[Any]:
    """Whether 4096 drawn numbers have the mean and deviation (by six standard errors), no repeats."""
    found = image.reduceRegion(
        ee.Reducer.mean().combine(ee.Reducer.stdDev(), "", True).combine(ee.Reducer.countDistinct(), "",
            True),
        box([500000, 2999360, 500640, 3000000]), 10, UTM.crs,
    )  # fmt: skip
    error = 6 * max(deviation, 0.1) / 64
    return [
        found.getNumber("random_mean").subtract(mean).abs().lt(error).eq(1).And(1).eq(1),
        found.getNumber("random_stdDev").subtract(deviation).abs().lt(error),
        found.getNumber("random_count").gt(4090),
    ]


_FUNCTIONS = {
    "-VV ** 2": -(VV**2), "2 ** 3 ** 2": np.full(UTM.shape, 512.0), "VV - VH - 1": VV - VH - 1,
    "VV < VH ? 1 : VV > -10 ? 2 : 3": np.where(VV < VH, 1, np.where(VV > -10, 2, 3)),
    "b(0) * b('VH') + i.VV % 2": VV * VH + np.fmod(VV, 2), "(VV - VH) / (VV + VH)": (VV - VH) / (VV + VH),
    "!(VV > -12) || VH > -18 && VV < -15": (VV <= -12) | ((VH > -18) & (VV < -15)),
    "max(VV, VH) + min(VV, -12)": np.maximum(VV, VH) + np.minimum(VV, -12),
    "1 + 2 << 3 & 31 | 64 ^ 2": np.full(UTM.shape, (1 + 2) << 3 & 31 | 64 ^ 2),
    "abs(VV) + exp(VH / 10) * PI": np.abs(VV) + np.exp(VH / 10) * np.pi, "VV == VV != 0": np.ones(UTM.shape),
    "1e1 + .5 + 0x10 + 1.": np.full(UTM.shape, 27.5), "-~3": np.full(UTM.shape, 4),
    "x = VV * 2": VV * 2, "(VV >= -12) * VV + (VV <= -12) * 0": np.where(VV >= -12, VV, 0),
    "1 - -VV": 1 + VV, "(b(1))": VH, "i[0] + i['VH']": VV + VH, "7 > 3 == 1": np.ones(UTM.shape),
}  # fmt: skip
"""Expressions and what NumPy says,
    by the precedence of C and JavaScript: `**` is tighter and to the right."""


def _expression(text: str, truth: Any) -> Case:
    # The client's own method calls the function that the algorithm returns.
    def ask(_: Any) -> ee.Image:
        image = radar()
        return image.expression(text, {"VV": image.select("VV"), "VH": image.select("VH"), "i": image})

    return Case("Image.parseExpression", [text, "D", ["D"]], truth, ask=ask, pixels=True, name=text,
        rtol=1e-5,
                atol=1e-5)  # fmt: skip


CASES += [_expression(text, truth) for text, truth in _FUNCTIONS.items()]


def _stretch(values: Any, low: float, high: float, gamma: float = 1) -> Any:
    return np.clip((values - low) / (high - low), 0, 1) ** (1 / gamma) * 255


def _palette(channel: int) -> Any:
    stops = np.array([[255, 0, 0], [0, 128, 0], [0, 0, 255]])[:, channel]
    return np.interp(np.clip((N + 20) / 40, 0, 1), [0, 0.5, 1], stops)


def _colours(convert: Any, bands: list[Any], channel: int) -> Any:
    flat = [convert(*values)[channel] for values in zip(*(band.ravel() for band in bands), strict=True)]
    return np.reshape(flat, bands[0].shape)


_RED, _GREEN, _BLUE = (X + 1) / 2, M / 20, np.abs(N) / 50


def _rgb() -> ee.Image:
    return ee.Image.cat([x().unmask(-1).add(1).divide(2), m().divide(20), n().abs().divide(50)])


_UNHELD = np.where(HOLES, _RED, 0)
CASES += [
    _pixels("visualize", {"image": n, "min": -20, "max": 20}, _stretch(N, -20, 20), atol=0.51, name="grey"),
    _named("visualize", {"image": n, "min": -20, "max": 20}, ["vis-gray"], name="grey name"),
    _named("visualize", {"image": n, "forceRgbOutput": True}, ["vis-red", "vis-green", "vis-blue"],
        name="forced"),
    _pixels("visualize", {"image": n, "gain": 3, "bias": 20}, np.clip(N * 3 + 20, 0, 255), atol=0.51,
        name="gain"),
    _pixels("visualize", {"image": n, "min": -20, "max": 20, "gamma": 2}, _stretch(N, -20, 20, 2), atol=0.51,
            name="gamma"),
    *(_pixels("visualize", {"image": n, "min": -20, "max": 20, "palette": ["red", "008000", "#00f"]},
        _palette(k),
              band=k, atol=0.51, name=f"palette {k}") for k in range(3)),
    *(_pixels("visualize", {"image": whole, "bands": ["m", "n", "m"], "min": [0, -50, 5], "max": [20, 50,
        10]},
              truth, band=k, atol=0.51, name=f"ranges {k}")
      for k, truth in enumerate([_stretch(M, 0, 20), _stretch(N, -50, 50), _stretch(M, 5, 10)])),
    _pixels("visualize", [n, None, None, None, -20, 20, None, 0.5], np.full(UTM.shape, 0.5), name="opacity",
            ask=lambda i: i.mask(), atol=0.003),
    *(_pixels("rgbToHsv", [_rgb], _colours(colorsys.rgb_to_hsv, [_UNHELD, _GREEN, _BLUE], k), band=k,
        atol=2e-6,
              name="hsv"[k]) for k in range(3)),
    *(_pixels("hsvToRgb", [_rgb], _colours(colorsys.hsv_to_rgb, [_UNHELD, _GREEN, _BLUE], k), band=k,
        atol=2e-6,
              name="rgb"[k]) for k in range(3)),
    _named("rgbToHsv", [_rgb], ["hue", "saturation", "value"], name="names"),
    _named("hsvToRgb", [_rgb], ["red", "green", "blue"], name="names"),
]  # fmt: skip
