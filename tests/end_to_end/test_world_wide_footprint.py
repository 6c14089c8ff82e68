"""Layers whose footprint is the whole Earth, asked for in a local projection."""

from __future__ import annotations

import numpy as np
import pytest

from ee_floods.grid import Grid

pytestmark = pytest.mark.engine


def test_unmask_fills_inside_a_footprint_that_goes_around_the_earth(engine_session: object) -> None:
    import ee

    from ee_floods.service.pixels import compute_observed

    grid = Grid.from_lonlat_box((89.60, 24.70, 89.62, 24.72), 30)
    occurrence = ee.Image("JRC/GSW1_4/GlobalSurfaceWater").select("occurrence")
    bare = compute_observed(occurrence, grid, ["occurrence"])["occurrence"]
    filled = compute_observed(occurrence.unmask(0), grid, ["occurrence"])["occurrence"]
    assert np.isnan(bare).any() and np.isfinite(bare).any()
    np.testing.assert_array_equal(filled, np.nan_to_num(bare, nan=0.0))
