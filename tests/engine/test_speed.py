"""What makes the engine fast must not change an answer, nor be lost unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyproj
import pytest

from ee_floods.engine.assets.folder_index import FolderIndex
from ee_floods.engine.assets.geotiff import GeoTiff
from ee_floods.engine.resampling import places
from ee_floods.engine.tiles.mercator import tile_grid
from ee_floods.engine.values.projection import Projection
from ee_floods.grid import Grid, Window
from tests.engine.server.images import write

UTM = Projection("EPSG:32633", (10.0, 0.0, 499_980.0, 0.0, -10.0, 5_000_040.0))
POLAR = Projection("EPSG:3995", (1000.0, 0.0, 0.0, 0.0, -1000.0, 0.0))
DEGREES = Projection("EPSG:4326", (0.01, 0.0, -180.0, 0.0, -0.01, 90.0))


@pytest.mark.parametrize(
    ("grid", "lattice"),
    [
        (tile_grid(14, 8885, 5937), UTM),
        (tile_grid(8, 138, 92), UTM),
        (tile_grid(3, 4, 2), UTM),  # far from linear
        (tile_grid(0, 0, 0), UTM),  # the whole Earth: no polynomial follows it
        (tile_grid(6, 63, 10), POLAR),
        (Grid("EPSG:3995", (9000.0, 0.0, -9e5, 0.0, -9000.0, 9e5), (200, 200)), DEGREES),  # around the pole
        (Grid("EPSG:32601", (900.0, 0.0, 4e5, 0.0, -900.0, 7e6), (90, 300)), DEGREES),  # the antimeridian
        (Grid("EPSG:32633", (10.0, 2.0, 5e5, -3.0, -9.0, 5e6), (33, 400)), DEGREES),  # rotated
        (tile_grid(14, 8885, 5937).crop(Window(0, 0, 20, 20)), UTM),  # too small to interpolate
    ],
)
def test_places_are_where_proj_itself_puts_every_centre(grid: Grid, lattice: Projection) -> None:
    a, b, c, d, e, f = grid.transform
    col, row = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    to = pyproj.Transformer.from_crs(grid.crs, lattice.crs, always_xy=True)
    x, y = to.transform(c + a * col + b * row, f + d * col + e * row)
    finite = np.isfinite(x) & np.isfinite(y)
    ta, _, tc, _, te, tf = lattice.transform
    found = places(grid, lattice)
    if found is None:
        assert not finite.any()
        return
    assert (found.finite is None) == bool(finite.all())
    cols, rows = np.broadcast_to(found.cols, grid.shape), np.broadcast_to(found.rows, grid.shape)
    np.testing.assert_allclose(cols[finite], ((x - tc) / ta)[finite], atol=1e-6)
    np.testing.assert_allclose(rows[finite], ((y - tf) / te)[finite], atol=1e-6)


@pytest.mark.parametrize(
    ("values", "nodata"),
    [
        (np.array([[0, 1, 2], [3, 0, 5]], np.uint16), 0),
        (np.array([[-9, 1, 2], [3, -9, 5]], np.int16), -9),
        (np.array([[0, 1, 255], [3, 0, 5]], np.uint8), 255),
        (np.array([[0, 1, 2], [3, 0, 5]], np.uint8), None),
        (np.array([[np.nan, 1, 2], [3, 0, np.nan]], np.float32), np.nan),
        (np.array([[np.nan, 1, -9999], [3, 0, 5]], np.float32), -9999),
        (np.array([[np.nan, 1, -9999], [3, 0, 5]], np.float64), None),
    ],
)
@pytest.mark.parametrize("window", [Window(0, 0, 2, 3), Window(-1, 1, 3, 4), Window(5, 5, 2, 2)])
def test_masks_are_those_that_gdal_reads(
    tmp_path: Path, values: np.ndarray, nodata: float | None, window: Window
) -> None:
    import rasterio

    path = write(tmp_path / "a.tif", np.stack([values, values[::-1]]), nodata=nodata, names=("a", "b"))
    found = GeoTiff(path, ("a", "b"), ("MEAN", "MEAN")).read(["b", "a"], 0, window)
    with rasterio.open(path) as dataset:
        for raster, number in zip(found, (2, 1), strict=True):
            padded = np.zeros((12, 12))
            padded[4:6, 4:7] = (dataset.read_masks(number) > 0) & ~np.isnan(dataset.read(number))
            pixels = np.zeros((12, 12))
            pixels[4:6, 4:7] = np.nan_to_num(dataset.read(number))
            place = Window(window.row + 4, window.col + 4, window.height, window.width).slices
            np.testing.assert_array_equal(raster.mask, padded[place])
            np.testing.assert_array_equal(raster.values[raster.mask > 0], pixels[place][padded[place] > 0])


def test_the_index_of_a_folder_follows_its_files(tmp_path: Path) -> None:
    folder, cache = tmp_path / "series", tmp_path / "cache"
    folder.mkdir()
    for number in range(120):
        write(folder / f"i{number:03d}.tif", np.full((1, 2, 2), number, np.int16), names=("n",))
    index = FolderIndex.kept_under(folder, folder, cache)
    assert [file.path.stem for file in index.files()] == [f"i{number:03d}" for number in range(120)]
    (folder / "i000.json").write_text(json.dumps({"properties": {"x": 1}}))
    (folder / "i001.tif").unlink()
    write(folder / "i002.tif", np.zeros((2, 4, 4), np.float32), names=("p", "q"))
    for again in (index, FolderIndex.kept_under(folder, folder, cache)):  # from memory, and from its file
        found = {file.path.stem: file for file in again.files()}
        assert found["i000"].document == {"properties": {"x": 1}}
        assert "i001" not in found
        assert found["i002"].info.names == ("p", "q")
        assert found["i002"].info.grid.shape == (4, 4)
        assert len(found) == 119


def test_the_index_of_a_folder_does_not_open_files_that_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "series", tmp_path / "cache"
    folder.mkdir()
    for number in range(120):
        write(folder / f"i{number:03d}.tif", np.full((1, 2, 2), number, np.int16), names=("n",))
    first = [
        (file.path, file.info, file.bounds) for file in FolderIndex.kept_under(folder, folder, cache).files()
    ]

    def forbidden(path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr("ee_floods.engine.assets.folder_index.inspect", forbidden)
    again = FolderIndex.kept_under(folder, folder, cache).files()
    assert [(file.path, file.info, file.bounds) for file in again] == first


def test_a_link_out_of_the_mounted_folder_is_no_image_of_its_collection(tmp_path: Path) -> None:
    folder, secret = tmp_path / "mounted", tmp_path / "elsewhere.tif"
    folder.mkdir()
    write(secret, np.zeros((1, 2, 2), np.int16), names=("n",))
    write(folder / "own.tif", np.zeros((1, 2, 2), np.int16), names=("n",))
    (folder / "stolen.tif").symlink_to(secret)
    (folder / "again.tif").symlink_to(folder / "own.tif")
    names = [file.path.stem for file in FolderIndex.kept_under(folder, folder, None).files()]
    assert names == ["again", "own"]


def test_starting_a_worker_loads_none_of_the_slow_libraries() -> None:
    """Write `import scipy` and `scipy.stats.f(...)`, not `from scipy import stats`: it loads on first use."""
    slow = ("scipy.stats", "scipy.ndimage", "scipy.special", "scipy.optimize", "skimage.feature",
            "skimage.measure", "matplotlib", "pandas", "odc.geo")  # fmt: skip
    code = f"import sys, ee_floods.engine.preloaded; print([n for n in {slow!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", test_starting_a_worker_loads_none_of_the_slow_libraries.__doc__
