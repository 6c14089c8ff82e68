"""Pixel grids: the one place that knows about transforms, windows, patches and spatial splits.

A `Grid` is what Earth Engine calls `crs` + `crsTransform` + `dimensions`. Geometry that needs more than
arithmetic (reprojection, footprints) goes through `odc.geo.GeoBox`, see `Grid.geobox`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ee_floods.errors import GridMismatchError, InputError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

__all__ = ["Grid", "Patch", "Transform", "Window", "assign_split", "utm_crs"]

Transform = tuple[float, float, float, float, float, float]
"""Affine coefficients `(x_scale, x_shear, x_origin, y_shear, y_scale, y_origin)` in CRS units per pixel."""


class Window(NamedTuple):
    """A rectangle of pixels: first row, first column, height and width."""

    row: int
    col: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices for indexing an `(H, W, ...)` array."""
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)


class Patch(NamedTuple):
    """One cell of a grid cut into equal patches: its place among patches, and its own grid."""

    row: int
    col: int
    grid: Grid


@dataclass(frozen=True)
class Grid:
    """A raster grid.

    Args:
        crs: Coordinate reference system as `EPSG:n` or WKT.
        transform: Affine coefficients in Earth Engine's order, CRS units per pixel.
        shape: `(height, width)` in pixels, both at least 1.

    Raises:
        InputError: If the shape is empty or the transform is singular or not finite.
    """

    crs: str
    transform: Transform
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        values = tuple(float(v) for v in self.transform)
        if len(values) != 6 or not all(math.isfinite(v) for v in values):
            raise InputError(
                f"`transform` must be six finite numbers, received {self.transform!r}.",
                remedy="Give (x_scale, x_shear, x_origin, y_shear, y_scale, y_origin).",
            )
        if values[0] * values[4] - values[1] * values[3] == 0:
            raise InputError(
                f"`transform` {values!r} has no area.", remedy="Give pixels with a size other than 0."
            )
        height, width = (int(v) for v in self.shape)
        if height < 1 or width < 1:
            raise InputError(f"`shape` must be at least (1, 1), received {self.shape!r}.")
        if not self.crs:
            raise InputError("`crs` is empty.", remedy='Give a CRS such as "EPSG:32642".')
        object.__setattr__(self, "transform", values)
        object.__setattr__(self, "shape", (height, width))

    @classmethod
    def from_bounds(
        cls, crs: str, bounds: tuple[float, float, float, float], scale: float, multiple: int = 1
    ) -> Grid:
        """Return the north-up grid that covers `bounds`, snapped outward to multiples of `scale`.

        Args:
            crs: Coordinate reference system of `bounds`.
            bounds: `(left, bottom, right, top)` in CRS units.
            scale: Pixel size in CRS units.
            multiple: Height and width are padded to the right and bottom up to a multiple of this
                many pixels (patches that do not fit are dropped by Earth Engine's exports).
        """
        left, bottom, right, top = bounds
        if not (right > left and top > bottom):
            raise InputError(
                f"`bounds` {bounds!r} are empty.", remedy="Give (left, bottom, right, top) with an area."
            )
        col0, col1 = math.floor(left / scale + 1e-9), math.ceil(right / scale - 1e-9)
        row0, row1 = math.floor(-top / scale + 1e-9), math.ceil(-bottom / scale - 1e-9)
        grid = cls(crs, (scale, 0.0, col0 * scale, 0.0, -scale, -row0 * scale), (row1 - row0, col1 - col0))
        return grid.padded_to(multiple)

    @classmethod
    def from_lonlat_box(
        cls, bounds: tuple[float, float, float, float], scale: float, multiple: int = 1
    ) -> Grid:
        """Return a grid in the UTM zone of the middle of a longitude/latitude box, `scale` in m."""
        from odc.geo.geom import box

        west, south, east, north = bounds
        crs = utm_crs((west + east) / 2, (south + north) / 2)
        projected = box(west, south, east, north, "EPSG:4326").to_crs(crs, resolution=0.01).boundingbox
        return cls.from_bounds(
            crs, (projected.left, projected.bottom, projected.right, projected.top), scale, multiple
        )

    @property
    def height(self) -> int:
        """Rows."""
        return self.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.shape[1]

    @property
    def scale(self) -> float:
        """Pixel size along x in CRS units."""
        return math.hypot(self.transform[0], self.transform[3])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """`(left, bottom, right, top)` in CRS units."""
        a, b, c, d, e, f = self.transform
        xs = [c, c + a * self.width, c + b * self.height, c + a * self.width + b * self.height]
        ys = [f, f + d * self.width, f + e * self.height, f + d * self.width + e * self.height]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def geobox(self) -> GeoBox:
        """The same grid as an `odc.geo.GeoBox`."""
        from affine import Affine
        from odc.geo.geobox import GeoBox

        return GeoBox(self.shape, Affine(*self.transform), self.crs)

    @property
    def lonlat_bounds(self) -> tuple[float, float, float, float]:
        """`(west, south, east, north)` of the grid's outline, in degrees."""
        box = self.geobox.geographic_extent.boundingbox
        return box.left, box.bottom, box.right, box.top

    @property
    def ee_parameters(self) -> dict[str, Any]:
        """`crs`, `crsTransform` and `dimensions` ("WxH") as Earth Engine's exports take them."""
        return {
            "crs": self.crs,
            "crsTransform": list(self.transform),
            "dimensions": f"{self.width}x{self.height}",
        }

    @property
    def pixel_grid(self) -> dict[str, Any]:
        """The REST `PixelGrid` of `computePixels`."""
        a, b, c, d, e, f = self.transform
        return {
            "crsCode": self.crs,
            "affineTransform": {
                "scaleX": a, "shearX": b, "translateX": c, "shearY": d, "scaleY": e, "translateY": f,
            },
            "dimensions": {"width": self.width, "height": self.height},
        }  # fmt: skip

    def crop(self, window: Window) -> Grid:
        """Return the grid of a window; the window may reach outside this grid."""
        a, b, c, d, e, f = self.transform
        x = c + a * window.col + b * window.row
        y = f + d * window.col + e * window.row
        return Grid(self.crs, (a, b, x, d, e, y), (window.height, window.width))

    def padded(self, pixels: int) -> Grid:
        """Return the grid grown by `pixels` on every side."""
        return self.crop(Window(-pixels, -pixels, self.height + 2 * pixels, self.width + 2 * pixels))

    def padded_to(self, multiple: int) -> Grid:
        """Return the grid grown to the right and bottom to whole multiples of `multiple` pixels."""
        height = math.ceil(self.height / multiple) * multiple
        width = math.ceil(self.width / multiple) * multiple
        return Grid(self.crs, self.transform, (height, width))

    def scaled(self, factor: float) -> Grid:
        """Return a grid over the same origin with pixels `factor` times as large, covering this one."""
        a, b, c, d, e, f = self.transform
        shape = (math.ceil(self.height / factor - 1e-9), math.ceil(self.width / factor - 1e-9))
        return Grid(self.crs, (a * factor, b * factor, c, d * factor, e * factor, f), shape)

    def windows(self, size: int, overlap: int = 0) -> Iterator[Window]:
        """Yield square windows in row-major order that cover the grid, the last ones moved inward.

        Args:
            size: Side of a window in pixels; windows are smaller only where the grid is.
            overlap: Pixels shared by neighbours; less than `size`.
        """
        if not 0 <= overlap < size:
            raise InputError(f"`overlap` must be at least 0 and below size={size}, received {overlap}.")
        for row in _starts(self.height, size, overlap):
            for col in _starts(self.width, size, overlap):
                yield Window(row, col, min(size, self.height), min(size, self.width))

    def patches(self, size: int) -> Iterator[Patch]:
        """Yield whole patches in row-major order, as a TFRecord export writes them.

        Raises:
            GridMismatchError: If the grid is not a whole number of patches.
        """
        if self.height % size or self.width % size:
            raise GridMismatchError(
                f"A grid of {self.height} x {self.width} pixels is not a whole number of patches of {size}.",
                remedy="Pad it first with `Grid.padded_to`; Earth Engine drops patches that do not fit.",
            )
        for row in range(self.height // size):
            for col in range(self.width // size):
                yield Patch(row, col, self.crop(Window(row * size, col * size, size, size)))

    def same_as(self, other: Grid, tolerance: float = 1e-9) -> bool:
        """Whether two grids have equal shape and CRS, and corners equal to `tolerance` of a pixel."""
        if self.shape != other.shape or not same_crs(self.crs, other.crs):
            return False
        corners = ((0, 0), (0, self.width), (self.height, 0), (self.height, self.width))
        a, b, c, d, e, f = (p - q for p, q in zip(self.transform, other.transform, strict=True))
        # Files store coefficients in float64: an origin of 1e6 m cannot be equal to better than 1e-10 m.
        limit = tolerance * self.scale + 4 * math.ulp(max(abs(v) for v in self.transform))
        return all(math.hypot(c + a * col + b * row, f + d * col + e * row) <= limit for row, col in corners)


def _starts(length: int, size: int, overlap: int) -> list[int]:
    if length <= size:
        return [0]
    step = size - overlap
    return [*range(0, length - size, step), length - size]


def same_crs(first: str, second: str) -> bool:
    """Whether two CRS strings mean the same system."""
    if first == second:
        return True
    from odc.geo.crs import CRS

    return bool(CRS(first) == CRS(second))


def utm_crs(longitude: float, latitude: float) -> str:
    """Return the EPSG code of the UTM zone of a place (WGS84; no Norwegian exceptions), degrees in."""
    zone = int((longitude + 180) // 6) % 60 + 1
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def assign_split(
    key: str, fractions: Mapping[str, float], *, seed: int = 0, order: Sequence[str] | None = None
) -> str:
    """Return the split of a key (an event, a spatial block), the same everywhere and forever.

    Args:
        key: What must not be torn apart by a split: an event's or a spatial block's name.
        fractions: Share of each split; they sum to 1.
        seed: Another seed, another draw.
        order: Order of the splits on the unit interval; default is that of `fractions`.
    """
    total = math.fsum(fractions.values())
    if abs(total - 1) > 1e-6:
        raise InputError(f"`fractions` must sum to 1, received {dict(fractions)!r} with sum {total}.")
    digest = hashlib.sha256(f"{seed}/{key}".encode()).digest()
    draw = int.from_bytes(digest[:8], "big") / 2**64
    names = list(order or fractions)
    upper = 0.0
    for name in names:
        upper += fractions[name]
        if draw < upper:
            return name
    return names[-1]
