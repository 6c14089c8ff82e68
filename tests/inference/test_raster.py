"""What a product in memory refuses to hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ee_floods.errors import GridMismatchError, InputError
from tests.inference.makers import product


def test_values_that_no_reader_knows_are_refused() -> None:
    good = product()
    for name, value in (("flood", 5), ("water_probability", 101), ("exclusion", 255)):
        band = good.bands[name].copy()
        band[0, 0] = value
        with pytest.raises(InputError, match=name):
            replace(good, **{name: band})


def test_other_shapes_and_types_are_refused() -> None:
    good = product()
    with pytest.raises(GridMismatchError, match="flood"):
        replace(good, flood=good.flood[1:])
    with pytest.raises(InputError, match="uint8"):
        replace(good, exclusion=good.exclusion.astype(np.int16))
