import pytest
from pydantic import ValidationError

from ee_floods.config.training import STUDENT_BANDS, TEACHER_BANDS, TrainingConfig
from ee_floods.contracts.chip import S1_BANDS, S2_BANDS


def test_defaults_are_a_radar_student_and_a_teacher_of_both_sensors() -> None:
    assert STUDENT_BANDS == S1_BANDS
    assert set(S1_BANDS) < set(TEACHER_BANDS) <= {*S1_BANDS, *S2_BANDS}
    assert TrainingConfig().bands is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"learning_rate": -1},
        {"distillation_weight": 1.5},
        {"bands": ("VV", "VV")},
        {"bands": ()},
        {"output_stride": 4},
        {"learning_rates": 1e-3},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        TrainingConfig(**wrong)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TrainingConfig().steps = 3
