"""Which pixels a region has: a planar region on the lattice keeps its own number of pixels."""

from __future__ import annotations

import ee
import pytest

from ee_floods.engine.export.grids import default_grid
from tests.engine.memory_library import Bench

CRS, LEFT, TOP, PIXEL = "EPSG:32633", 300000.0, 5000040.0, 10.0


@pytest.mark.parametrize("off", [0.0, 1e-7, -1e-7], ids=["exact", "a millionth wide", "a millionth narrow"])
def test_a_granule_as_a_planar_region_has_the_granules_pixels(bench: Bench, off: float) -> None:
    # 110 km: an edge that went through degrees and back would bulge by centimetres into the next row.
    side = 10980
    bounds = [LEFT - off, TOP - side * PIXEL - off, LEFT + side * PIXEL + off, TOP + off]
    region = ee.Geometry.Rectangle(bounds, CRS, False)
    image = ee.Image(1).reproject(CRS, [PIXEL, 0, LEFT, 0, -PIXEL, TOP]).clipToBoundsAndScale(region)
    grid = default_grid(bench.evaluator.image(bench.encode(image)))
    assert (grid.height, grid.width) == (side, side)
    assert grid.transform == (PIXEL, 0.0, LEFT, 0.0, -PIXEL, TOP)
