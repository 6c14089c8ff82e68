import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ee_floods.errors import InputError
from ee_floods.grid import Grid
from ee_floods.service.faults import RequestTooLargeError
from ee_floods.service.pixels import BYTES_PER_VALUE, MAX_SIDE, REQUEST_BYTES, assemble, request_windows

GRID = Grid("EPSG:32633", (10, 0, 500_000, 0, -10, 5_000_000), (300, 420))


@given(st.integers(1, 50_000), st.integers(1, 50_000), st.integers(1, 40))
def test_windows_cover_the_grid_once_within_the_services_limits(height, width, bands):
    windows = request_windows((height, width), bands)
    assert sum(w.height * w.width for w in windows) == height * width
    assert all(w.height * w.width * bands * BYTES_PER_VALUE <= REQUEST_BYTES for w in windows)
    assert all(max(w.height, w.width) <= MAX_SIDE for w in windows)
    assert all(w.row + w.height <= height and w.col + w.width <= width for w in windows)
    assert len({(w.row, w.col) for w in windows}) == len(windows)


def test_a_chip_of_the_stack_is_one_request():
    assert len(request_windows((256, 256), 18)) == 1


def test_no_bands_are_refused():
    with pytest.raises(InputError, match="bands"):
        request_windows((1, 1), 0)


def truth(grid: Grid) -> np.ndarray:
    """A value for every place, known without reading: the column's x plus a thousandth of the row's y."""
    a, _, c, _, e, f = grid.transform
    rows, columns = np.mgrid[: grid.height, : grid.width]
    block = np.empty(grid.shape, [("VV", "f4"), ("VH", "f4")])
    block["VV"] = (c + a * columns - GRID.transform[2]) / 10
    block["VH"] = (GRID.transform[5] - (f + e * rows)) / 10
    return block


def test_windows_are_put_where_they_belong():
    arrays = assemble(truth, GRID, ["VV", "VH"], concurrency=3, limit=40_000)
    assert np.array_equal(arrays["VV"], np.broadcast_to(np.arange(420, dtype="f4"), (300, 420)))
    assert np.array_equal(arrays["VH"], np.broadcast_to(np.arange(300, dtype="f4")[:, None], (300, 420)))


def test_a_request_that_is_too_much_is_read_in_quarters():
    shapes = []

    def read(grid):
        shapes.append(grid.shape)
        if grid.height * grid.width > 10_000:
            raise RequestTooLargeError("User memory limit exceeded.")
        return truth(grid)

    arrays = assemble(read, GRID, ["VV"], concurrency=1)
    assert np.array_equal(arrays["VV"], truth(GRID)["VV"])
    assert shapes[0] == (300, 420)


def test_a_graph_too_heavy_for_the_smallest_request_is_an_error():
    def read(grid):
        raise RequestTooLargeError("User memory limit exceeded.")

    with pytest.raises(RequestTooLargeError):
        assemble(read, GRID, ["VV"], concurrency=1)
