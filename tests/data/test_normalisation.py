import pytest

from ee_floods.contracts.chip import BANDS
from ee_floods.data.normalisation import BAND_RANGES, scaling_of
from ee_floods.errors import InputError


def test_every_band_that_is_a_quantity_has_a_range() -> None:
    quantities = {name for name, spec in BANDS.items() if not spec.categorical}
    assert set(BAND_RANGES) == quantities
    assert all(low < high for low, high in BAND_RANGES.values())


def test_scaling_keeps_order_and_units() -> None:
    vh, b8 = scaling_of(("VH", "B8"))
    assert (vh.band, vh.unit, vh.low, vh.high) == ("VH", "dB", -30, 0)
    assert b8.unit == "reflectance x 10000"


@pytest.mark.parametrize("bands", [("label",), ("VV", "VG"), ()])
def test_what_cannot_be_an_input_is_refused(bands: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="`bands`"):
        scaling_of(bands)
