import numpy as np

from ee_floods.methods.border import border_noise


def test_dark_pixels_are_noise_at_the_swaths_edge_only():
    vv = np.array([-40.0, -40.0, -40.0, -20.0, np.nan])
    angle = np.array([30.0, 38.0, 45.9, 30.0, 30.0])
    np.testing.assert_array_equal(border_noise(vv, angle), [True, False, True, False, False])
