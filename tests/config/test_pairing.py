import pytest
from pydantic import ValidationError

from ee_floods.config.pairing import PairingRule


def test_defaults_are_two_days_as_in_sen1floods11():
    assert PairingRule().max_hours == 48


@pytest.mark.parametrize(
    "change",
    [
        {"max_hours": 0},
        {"min_overlap": 1.5},
        {"max_cloud": -0.1},
        {"relative_orbit": 176},
        {"order": ("cloud", "cloud")},
        {"order": ()},
        {"max_hour": 24},
    ],
)
def test_a_rule_that_cannot_be_is_refused(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        PairingRule(**change)


def test_a_rule_does_not_change():
    with pytest.raises(ValidationError):
        PairingRule().max_hours = 24
