"""Losses against float64 NumPy, written another way: from probabilities, not from logits."""

import numpy as np
import pytest

pytestmark = pytest.mark.tf

SHAPE = (2, 5, 6, 1)


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    labels = rng.integers(-1, 2, SHAPE).astype(np.float32)
    return labels, *(rng.normal(0, 3, SHAPE).astype(np.float32) for _ in range(2))


def numpy_cross_entropy(target: np.ndarray, logit: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-logit.astype(np.float64)))
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


@pytest.mark.parametrize("water_weight", [1.0, 8.0])
def test_masked_cross_entropy(case: tuple[np.ndarray, ...], water_weight: float) -> None:
    from ee_floods.training.losses import masked_cross_entropy

    labels, logits, _ = case
    weights = np.where(labels == 1, water_weight, 1.0)[labels >= 0]
    expected = np.average(numpy_cross_entropy(labels, logits)[labels >= 0], weights=weights)
    found = float(masked_cross_entropy(labels, logits, water_weight=water_weight))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_is_softened_and_scaled_by_the_square(
    case: tuple[np.ndarray, ...], temperature: float
) -> None:
    from ee_floods.training.losses import distillation

    labels, student, teacher = case
    seen = (labels >= 0).astype(np.float32)
    soft = 1 / (1 + np.exp(-teacher.astype(np.float64) / temperature))
    expected = temperature**2 * numpy_cross_entropy(soft, student / temperature)[seen > 0].mean()
    found = float(distillation(teacher, student, seen, temperature=temperature))
    assert found == pytest.approx(expected, rel=1e-5)


def test_huge_logits_stay_finite() -> None:
    from ee_floods.training.losses import masked_cross_entropy

    labels = np.array([0, 1], np.float32).reshape(1, 1, 2, 1)
    logits = np.array([1e4, -1e4], np.float32).reshape(1, 1, 2, 1)
    assert float(masked_cross_entropy(labels, logits)) == pytest.approx(1e4)


def test_nothing_valid_gives_zero_loss_and_zero_gradient(case: tuple[np.ndarray, ...]) -> None:
    from ee_floods.models.keras_backend import backend_name
    from ee_floods.training.losses import distillation, masked_cross_entropy

    if backend_name() != "tensorflow":
        pytest.skip("gradients are taken with TensorFlow here")
    import tensorflow as tf

    _, logits, teacher = case
    z = tf.Variable(logits)
    with tf.GradientTape() as tape:
        none = np.full(SHAPE, -1, np.float32)
        loss = masked_cross_entropy(none, z) + distillation(teacher, z, np.zeros(SHAPE, np.float32))
    assert float(loss) == 0
    np.testing.assert_array_equal(tape.gradient(loss, z), 0)


def test_gradient_at_high_temperature_is_that_of_matching_logits(case: tuple[np.ndarray, ...]) -> None:
    """Hinton et al. 2015, section 2.1, for one sigmoid: T^2 dC/dz -> (z - v) / 4 as T grows."""
    from ee_floods.models.keras_backend import backend_name
    from ee_floods.training.losses import distillation

    if backend_name() != "tensorflow":
        pytest.skip("gradients are taken with TensorFlow here")
    import tensorflow as tf

    _, student, teacher = case
    z = tf.Variable(student)
    with tf.GradientTape() as tape:
        loss = distillation(teacher, z, np.ones(SHAPE, np.float32), temperature=100.0)
    expected = (student - teacher) / 4 / student.size
    np.testing.assert_allclose(tape.gradient(loss, z), expected, rtol=1e-2, atol=1e-5)
