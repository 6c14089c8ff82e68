from __future__ import annotations

import numpy as np
import pytest

from ee_floods.contracts.chip import BANDS, FILL, STACK_BANDS, check_label_values, chip_id, labels, observed
from ee_floods.errors import InputError


def test_the_stack_has_the_contracted_bands_in_order() -> None:
    s2 = "B1 B2 B3 B4 B5 B6 B7 B8 B8A B9 B10 B11 B12"
    expected = f"VV VH {s2} cloud_score occurrence hand label weak_s2 weak_s1".split()
    assert list(STACK_BANDS) == expected
    assert set(expected) <= set(BANDS)


def test_fill_becomes_nan_and_zero_does_not() -> None:
    out = observed(np.array([FILL, 0.0, -23.5], np.float32))
    assert np.isnan(out[0])
    assert out[1:].tolist() == [0.0, -23.5]


def test_fill_and_nan_become_the_invalid_label_and_dry_stays_dry() -> None:
    out = labels(np.array([FILL, np.nan, 0, 1, -1], np.float32))
    assert out.tolist() == [-1, -1, 0, 1, -1]
    assert out.dtype == np.int8


@pytest.mark.parametrize("value", [2, 255, 0.5])
def test_a_label_value_outside_is_named(value: float) -> None:
    with pytest.raises(InputError, match=rf"map\.tif holds the label value\(s\) {value}"):
        check_label_values(np.array([0, 1, value]), "map.tif")


def test_a_chip_id_is_pair_row_and_column() -> None:
    assert chip_id("lower-indus-2022", 1, 12) == "lower-indus-2022/001-012"
