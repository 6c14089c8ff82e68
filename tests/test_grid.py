from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from ee_floods.errors import GridMismatchError, InputError
from ee_floods.grid import Grid, Window, assign_split, utm_crs

UTM = Grid("EPSG:32642", (10.0, 0.0, 400000.0, 0.0, -10.0, 3000000.0), (500, 600))


@given(
    height=st.integers(1, 700), width=st.integers(1, 700), size=st.integers(1, 300), share=st.floats(0, 0.95)
)
def test_windows_cover_every_pixel_and_stay_inside(height: int, width: int, size: int, share: float) -> None:
    grid = Grid("EPSG:32642", (10, 0, 0, 0, -10, 0), (height, width))
    overlap = min(int(size * share), size - 1)
    step = size - overlap
    if (height // step + 2) * (width // step + 2) > 2000:
        overlap = 0
        if (height // size + 2) * (width // size + 2) > 2000:
            return
    seen = np.zeros((height, width), int)
    for window in grid.windows(size, overlap):
        assert window.row >= 0 and window.row + window.height <= height
        assert window.col >= 0 and window.col + window.width <= width
        assert (window.height, window.width) == (min(size, height), min(size, width))
        seen[window.slices] += 1
    assert seen.min() >= 1


def test_padding_keeps_the_origin_and_reaches_whole_patches() -> None:
    padded = UTM.padded_to(256)
    assert padded.shape == (512, 768)
    assert padded.transform == UTM.transform
    patches = list(padded.patches(256))
    assert [(p.row, p.col) for p in patches] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert patches[4].grid.transform[2:6:3] == (402560.0, 2997440.0)


def test_a_grid_of_no_whole_patches_is_refused_with_the_remedy() -> None:
    with pytest.raises(GridMismatchError, match="500 x 600") as caught:
        list(UTM.patches(256))
    assert "padded_to" in caught.value.remedy


def test_bounds_snap_outward_to_the_scale() -> None:
    grid = Grid.from_bounds("EPSG:32642", (13.0, 21.0, 58.0, 69.0), 10)
    assert grid.bounds == (10.0, 20.0, 60.0, 70.0)
    assert Grid.from_bounds("EPSG:32642", (10.0, 20.0, 60.0, 70.0), 10) == grid


@given(row=st.integers(-50, 50), col=st.integers(-50, 50))
def test_a_crop_lies_where_odc_geo_puts_it(row: int, col: int) -> None:
    grid = Grid("EPSG:32642", (10.0, 0.5, 400000.0, -0.25, -10.0, 3000000.0), (80, 90))
    cropped = grid.crop(Window(row, col, 20, 30))
    theirs = grid.geobox.translate_pix(col, row)
    assert np.allclose(cropped.transform, tuple(theirs.affine)[:6], rtol=0, atol=1e-6)


def test_the_geobox_is_the_same_grid() -> None:
    box = UTM.geobox
    assert isinstance(box, GeoBox)
    assert tuple(box.shape) == UTM.shape
    assert tuple(box.affine)[:6] == UTM.transform
    west, south, east, north = UTM.lonlat_bounds
    assert 67 < west < east < 69 and 26 < south < north < 28


def test_transforms_equal_to_a_billionth_of_a_pixel_are_equal() -> None:
    """The radar and the labels of Sen1Floods11 differ in the 15th digit."""
    radar = Grid("EPSG:4326", (8.983152841195215e-05, 0, -0.78, 0, -8.983152841195215e-05, 38.1), (512, 512))
    label = Grid("EPSG:4326", (8.983152841195184e-05, 0, -0.78, 0, -8.983152841195184e-05, 38.1), (512, 512))
    shifted = Grid(
        "EPSG:4326", (8.983152841195215e-05, 0, -0.78 + 1e-9, 0, -8.983152841195215e-05, 38.1), (512, 512)
    )
    assert radar.same_as(label)
    assert not radar.same_as(shifted)
    assert not radar.same_as(radar.scaled(2))
    assert not radar.same_as(Grid("EPSG:4258", radar.transform, radar.shape))


def test_dimensions_are_width_times_height_for_earth_engine() -> None:
    assert UTM.ee_parameters["dimensions"] == "600x500"
    assert UTM.pixel_grid["dimensions"] == {"width": 600, "height": 500}


@pytest.mark.parametrize(
    ("lon", "lat", "code"), [(67.5, 27, 32642), (-65, -14, 32720), (180, 10, 32601), (-180, -1, 32701)]
)
def test_utm_zones(lon: float, lat: float, code: int) -> None:
    assert utm_crs(lon, lat) == f"EPSG:{code}"


@pytest.mark.parametrize(
    ("transform", "shape"),
    [((0, 0, 0, 0, 0, 0), (1, 1)), ((1, 0, 0, 0, -1, 0), (0, 5)), ((1, 0, np.nan, 0, -1, 0), (1, 1))],
)
def test_a_grid_that_is_none_is_refused(transform: tuple[float, ...], shape: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        Grid("EPSG:4326", transform, shape)  # type: ignore[arg-type]


def test_a_split_holds_its_shares_and_never_moves() -> None:
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    drawn = [assign_split(f"event-{i}", shares) for i in range(4000)]
    for name, share in shares.items():
        assert abs(drawn.count(name) / 4000 - share) < 0.03
    assert [assign_split(f"event-{i}", shares) for i in range(5)] == drawn[:5]
    assert [assign_split(f"event-{i}", shares, seed=1) for i in range(50)] != drawn[:50]
