import numpy as np

from ee_floods.methods.slope import slope


def test_slope_of_a_plane_is_its_angle():
    rows, cols = np.mgrid[:6, :7]
    height = 3.0 * cols - 4.0 * rows
    result = slope(height, (30.0, 40.0))
    np.testing.assert_allclose(result[1:-1, 1:-1], np.degrees(np.arctan(np.hypot(0.1, 0.1))))


def test_slope_is_numpys_central_gradient_and_empty_at_the_border():
    height = np.random.default_rng(5).normal(0, 20, (9, 8))
    along, across = np.gradient(height, 30.0)
    expected = np.degrees(np.arctan(np.hypot(along, across)))
    result = slope(height, (30.0, 30.0))
    np.testing.assert_allclose(result[1:-1, 1:-1], expected[1:-1, 1:-1])
    assert np.isnan(result[0]).all() and np.isnan(result[:, -1]).all()
