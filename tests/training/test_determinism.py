import random

import numpy as np
import pytest

pytestmark = pytest.mark.tf


def test_callers_generators_go_on_as_if_nothing_had_happened() -> None:
    from ee_floods.models.keras_backend import keras
    from ee_floods.training.determinism import deterministic

    random.seed(1)
    np.random.seed(1)  # noqa: NPY002  (the generator that must be left alone)
    expected = (random.Random(1).random(), np.random.RandomState(1).random())
    with deterministic(7):
        first = np.asarray(keras.random.normal((3,)))
        random.random()
    with deterministic(7):
        np.testing.assert_array_equal(np.asarray(keras.random.normal((3,))), first)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002
