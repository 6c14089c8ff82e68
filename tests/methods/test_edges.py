import numpy as np
import pytest
from skimage.morphology import dilation, erosion, footprint_rectangle

from ee_floods.errors import InputError
from ee_floods.methods.edges import Edge, edges


@pytest.mark.parametrize("width", [1, 2])
def test_edges_are_water_minus_its_erosion_and_dilation_minus_water(width):
    label = (np.random.default_rng(6).random((30, 30)) > 0.5).astype(np.int8)
    label[5:20, 5:20] = 1
    window = footprint_rectangle((2 * width + 1, 2 * width + 1))
    result = edges(label, width)
    np.testing.assert_array_equal(result == Edge.INNER, (label == 1) & (erosion(label, window) == 0))
    np.testing.assert_array_equal(result == Edge.OUTER, (dilation(label, window) == 1) & (label == 0))


def test_invalid_pixels_are_no_edge_and_make_none():
    label = np.array([[1, -1, 0, 0, 1]])
    np.testing.assert_array_equal(edges(label), [[0, 0, 0, Edge.OUTER, Edge.INNER]])


def test_a_width_of_nothing_is_refused():
    with pytest.raises(InputError, match="at least 1"):
        edges(np.zeros((3, 3), np.int8), 0)
