from __future__ import annotations

import pytest

from ee_floods import errors
from ee_floods.errors import (
    ConfigError,
    EEFloodsError,
    GridMismatchError,
    IncompleteError,
    InputError,
    suggest,
)


def test_the_tree_has_one_root_and_exit_codes() -> None:
    classes = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    assert all(issubclass(cls, EEFloodsError) for cls in classes)
    assert issubclass(GridMismatchError, InputError)
    assert (InputError.exit_code, ConfigError.exit_code, IncompleteError.exit_code) == (1, 2, 3)


def test_a_message_ends_with_its_remedy() -> None:
    error = InputError("`scale` is 17.", remedy="Use 10 or 16.")
    assert str(error) == "`scale` is 17. Use 10 or 16."
    assert str(InputError("`scale` is 17.")) == "`scale` is 17."


@pytest.mark.parametrize(
    ("name", "expected"),
    [("baseline:ostu", "Did you mean 'baseline:otsu'?"), ("zzz", "Known: baseline:otsu, student.")],
)
def test_the_nearest_name_or_all_of_them(name: str, expected: str) -> None:
    assert suggest(name, ["student", "baseline:otsu"]) == expected
