import numpy as np

from ee_floods.methods.flood_classes import PERMANENT_MIN, SEASONAL_MIN
from ee_floods.methods.occurrence import improved_label, reference_water


def test_thresholds_belong_to_the_wetter_class():
    occurrence = np.array(
        [0, SEASONAL_MIN - 0.1, SEASONAL_MIN, PERMANENT_MIN - 0.1, PERMANENT_MIN, 100, np.nan]
    )
    np.testing.assert_array_equal(reference_water(occurrence), [0, 0, 2, 2, 1, 1, 255])


def test_permanent_water_is_added_but_cloud_stays_invalid():
    weak = np.array([0, 0, 0, 1, -1])
    occurrence = np.array([95, 10, np.nan, 0, 95])
    np.testing.assert_array_equal(improved_label(weak, occurrence), [1, 0, 0, 1, -1])
