"""Which pixels a region has: a planar region on the lattice keeps its own number of pixels."""

from __future__ import annotations

import ee
import numpy as np
import pytest

from ee_floods.engine.assets.footprints import footprint_of
from ee_floods.engine.export.grids import default_grid
from ee_floods.grid import Grid, Window
from tests.engine.memory_library import Bench, record

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


def test_a_region_that_ends_where_the_image_ends_has_no_row_more(bench: Bench) -> None:
    # The outline of a stored image is a polygon in degrees, whose edge of 10 km bulges by 26 mm.
    whole = Grid("EPSG:32633", (10.0, 0.0, 499980.0, 0.0, -10.0, 5000040.0), (1024, 1024))
    values = {"x": np.ones(whole.shape, np.uint8)}
    bench.library.add(record("C/scene", values, grid=whole, footprint=footprint_of(whole)))
    part = whole.crop(Window(802, 331, 222, 126))
    region = ee.Geometry.Rectangle(list(part.bounds), part.crs, False)
    given = {"region": region, "crs": part.crs, "crsTransform": list(part.transform)}
    task = ee.batch.Export.image.toCloudStorage(ee.Image("C/scene"), "part", "bucket", "part", **given)
    assert default_grid(bench.evaluator.image(bench.encode(task.config["expression"]))) == part
