"""Projections of images: defaults, reprojection, resampling; projection objects; small constructors."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ee_floods.engine.bands import each_band
from ee_floods.engine.coerce import type_name
from ee_floods.engine.errors import bad_request
from ee_floods.engine.regions import working_projection
from ee_floods.engine.registry import algorithm, algorithms, register
from ee_floods.engine.reprojection import reproject_band, resample_band
from ee_floods.engine.values.elements import ErrorMargin
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.projection import Projection, crs_of


def make_projection(crs: Any, transform: list[float] | None, wkt: str | None) -> Projection:
    """A projection from a code or WKT and a transform."""
    if isinstance(crs, Projection):
        return crs if transform is None else Projection.create(crs.crs, transform)
    if not isinstance(crs, str):
        raise bad_request("Parameter 'crs' must be a string or a Projection.")
    return Projection.create(_short_name(crs), transform)


def _short_name(crs: str) -> str:
    """The EPSG code of a WKT text that says the same, else what was given."""
    if "[" not in crs:
        return crs
    code = crs_of(crs).to_epsg(min_confidence=100)
    return crs if code is None else f"EPSG:{code}"


register("Projection", make_projection)
register("Proj", make_projection)


@algorithm("Projection.crs")
def crs_code(projection: Projection) -> str:
    """The code."""
    return projection.crs


@algorithm("Projection.wkt")
def wkt(projection: Projection) -> str:
    """Well-known text."""
    return crs_of(projection.crs).to_wkt("WKT1_GDAL", pretty=True)


@algorithm("Projection.transform")
def transform_text(projection: Projection) -> str:
    """The pixel transform as well-known text."""
    a, b, c, d, e, f = projection.transform
    entries = (("elt_0_0", a), ("elt_0_1", b), ("elt_0_2", c), ("elt_1_0", d), ("elt_1_1", e), ("elt_1_2", f))
    lines = [f'PARAMETER["{name}", {value!r}]' for name, value in entries if value != 0]
    return (
        'PARAM_MT["Affine", \n  PARAMETER["num_row", 3], \n  PARAMETER["num_col", 3], \n  '
        + ", \n  ".join(lines)
        + "]"
    )


@algorithm("Projection.nominalScale")
def nominal_scale(projection: Projection) -> float:
    """Metres of a pixel at the point of true scale."""
    return projection.nominal_scale


@algorithm("Projection.atScale")
def at_scale(projection: Projection, metres: float) -> Projection:
    """Pixels of so many metres."""
    return projection.at_scale(metres)


@algorithm("Projection.scale")
def scale(projection: Projection, x: float, y: float) -> Projection:
    """Pixels so many times as large."""
    return projection.scaled(x, y)


@algorithm("Projection.translate")
def translate(projection: Projection, x: float, y: float) -> Projection:
    """The origin moved by so many pixels."""
    return projection.translated(x, y)


def _target(crs: Projection, transform: list[float] | None, scale_m: float | None) -> Projection:
    return working_projection(crs, crs, transform, scale_m)


@algorithm("Image.setDefaultProjection")
def set_default_projection(
    image: Image, crs: Projection, transform: list[float] | None, scale_m: float | None
) -> Image:
    """Another default projection; pixels stay what they are."""
    target = _target(crs, transform, scale_m)
    return each_band(image, lambda band: dataclasses.replace(band, projection=target, stored=band.stored))


@algorithm("Image.reproject")
def reproject(image: Image, crs: Projection, transform: list[float] | None, scale_m: float | None) -> Image:
    """The image computed in one projection whatever is asked for; nearest neighbour from there."""
    target = _target(crs, transform, scale_m)
    return each_band(image, lambda band: reproject_band(band, target))


@algorithm("Image.resample")
def resample(image: Image, mode: str) -> Image:
    """Interpolated instead of nearest neighbour wherever another lattice than its own is asked for."""
    if mode not in ("bilinear", "bicubic"):
        raise bad_request(f"Unknown resampling mode '{mode}'. Use 'bilinear' or 'bicubic'.")
    return each_band(image, lambda band: resample_band(band, mode))


@algorithm("Image.changeProj")
def change_projection(image: Image, source: Projection, target: Projection) -> Image:
    """Pixels moved from one projection's plane to another's by their pixel coordinates."""
    from ee_floods.engine.reading import Reader
    from ee_floods.engine.records import Raster
    from ee_floods.engine.values.projection import same_system
    from ee_floods.grid import Grid

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            if not same_system(grid.crs, target.crs):
                raise bad_request("The image can only be computed in its new projection; reproject it first.")
            col, row = target.pixels(grid.transform[2], grid.transform[5])  # type: ignore[arg-type]
            sx, sy = grid.transform[0] / target.transform[0], grid.transform[4] / target.transform[4]
            moved = source.translated(float(col), float(row)).scaled(sx, sy)
            return reader.read(band, Grid(source.crs, moved.transform, grid.shape))

        return Band(band.name, band.type, target, compute, (band,), band.size)

    return each_band(image, one)


@algorithm("Image.clipToBoundsAndScale")
def clip_to_bounds_and_scale(
    image: Image, geometry: Geometry | None, width: int | None, height: int | None, most: int | None,
    scale_m: float | None,
) -> Image:  # fmt: skip
    """The box around a geometry in the image's own CRS, so many pixels wide and high."""
    given = [(width is not None or height is not None), most is not None, scale_m is not None]
    if sum(given) > 1:
        raise bad_request("Specify only one of width and height, maxDimension, and scale.")
    native = image.first().projection
    region = (geometry if geometry is not None else image.geometry).require_bounded()
    left, bottom, right, top = region.planar(native.crs).bounds
    if not math.isfinite(right - left + top - bottom):
        raise bad_request("The geometry is empty or not finite in the image's projection.")
    if (scale_m is not None and scale_m <= 0) or any(n is not None and n < 1 for n in (most, width, height)):
        raise bad_request("'width', 'height', 'maxDimension' and 'scale' must be positive.")
    if most is not None and not max(right - left, top - bottom) > 0:
        raise bad_request("The geometry has no extent: give 'width' and 'height', or 'scale'.")
    if width is not None and height is not None:
        columns, rows = width, height
    elif most is not None:
        size = max(right - left, top - bottom) / most
        columns, rows = max(1, round((right - left) / size)), max(1, round((top - bottom) / size))
    else:
        size = scale_m / native.unit_metres if scale_m is not None else native.pixel_size
        columns, rows = _whole((right - left) / size), _whole((top - bottom) / size)
        right, bottom = left + columns * size, top - rows * size
    target = Projection(native.crs, ((right - left) / columns, 0, left, 0, (bottom - top) / rows, top))
    if not any(given):  # an exact rectangle of the image's own pixels
        grid = native.covering((left, bottom, right, top))
        target, (rows, columns) = Projection.of_grid(grid), grid.shape

    def one(band: Band) -> Band:
        return reproject_band(band, target)

    def sized(band: Band) -> Band:
        return dataclasses.replace(band, size=(rows, columns))

    clip = algorithms()["Image.clip"].function
    box = Geometry.box((left, bottom, right, top), native.crs)
    boxed = each_band(clip(image.with_bands(each_band(image, one).bands), box), sized)
    return Image(boxed.bands, boxed.properties, box)


def _whole(pixels: float) -> int:
    """Return the pixels that cover a length in pixels; what the arithmetic of its ends adds is no pixel."""
    return max(1, math.ceil(pixels - 1e-6))


_HALF_WAY_ROUND = 2.0e7


@algorithm("ErrorMargin")
def error_margin(value: float | None, unit: str) -> ErrorMargin:
    """How far a geometry may be off; half the Earth's circumference or more is any distance."""
    if unit == "infinite" or value is None or (unit == "meters" and abs(value) >= _HALF_WAY_ROUND):
        return ErrorMargin(None, "infinite")
    return ErrorMargin(abs(value), unit)


@algorithm("PixelType")
def pixel_type(precision: Any, low: float | None, high: float | None, dimensions: int) -> PixelType:
    """A pixel type."""
    if isinstance(precision, PixelType):
        return precision
    if precision in ("int", "float", "double") and low is not None and high is not None:
        return PixelType(precision, low, high, dimensions)
    return PixelType.named(str(precision)).array(dimensions)


def _named_type(name: str) -> None:
    register(f"PixelType.{name}", lambda: PixelType.named(name))


for _name in ("double", "float", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"):
    _named_type(_name)
register("PixelType.precision", lambda t: t.precision)
register("PixelType.minValue", lambda t: t.low)
register("PixelType.maxValue", lambda t: t.high)
register("PixelType.dimensions", lambda t: t.dimensions)


@algorithm("ObjectType")
def object_type(value: Any) -> str:
    """The name of a value's type."""
    return type_name(value)


@algorithm("IsEqual")
def is_equal(left: Any, right: Any) -> bool:
    """Whether two values are the same."""
    from ee_floods.engine.encode import encode
    from ee_floods.engine.limits import Limits

    return bool(encode(left, Limits.none()) == encode(right, Limits.none()))
