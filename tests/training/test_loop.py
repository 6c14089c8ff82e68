import logging
from itertools import repeat

import numpy as np
import pytest

from ee_floods.config.training import TrainingConfig
from ee_floods.errors import EEFloodsError

pytestmark = pytest.mark.tf


@pytest.fixture
def model():
    from ee_floods.models.keras_backend import keras

    return keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 1, name="c")])


def loss(y, z):
    from ee_floods.training.losses import masked_cross_entropy

    return masked_cross_entropy(y, z)


def bright_is_water(n: int = 4) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).standard_normal((n, 8, 8, 1)).astype(np.float32)
    return x, (x > 0).astype(np.float32)


CONFIG = TrainingConfig(steps=6, validate_every=2, learning_rate=0.3, batch_size=3)


def test_best_weights_are_kept_not_the_last(model) -> None:
    from ee_floods.training.examples import Examples
    from ee_floods.training.loop import fit, validate

    x, y = bright_is_water()
    validation = Examples(x, y[..., 0].astype(np.int8))
    good, bad = (x, y), (x, 1 - y)  # some steps towards the truth, then more away from it
    stream = iter([good] * 4 + [bad] * 8)
    seen = []
    config = CONFIG.model_copy(update={"steps": 12, "schedule": "constant"})
    best = fit(model, stream, loss, config, validation, lambda step, total, values: seen.append(values))
    scores = {step: v["validation_iou"] for step, v in enumerate(seen, 1) if "validation_iou" in v}
    assert best.step == max(scores, key=scores.__getitem__) < 12
    assert scores[12] < scores[best.step] - 0.1
    assert best.counts == validate(model, validation, 3)
    assert [set(v) for v in seen[:2]] == [{"loss"}, {"loss", "validation_iou"}]


def test_prediction_does_not_depend_on_the_batch_size(model) -> None:
    from ee_floods.training.loop import predict_logits

    x, _ = bright_is_water(5)
    expected = np.asarray(model(x))[..., 0]
    for size in (1, 2, 5, 8):
        np.testing.assert_allclose(predict_logits(model, x, size), expected, atol=1e-6)


def test_run_that_diverges_at_once_says_at_which_step(model) -> None:
    from ee_floods.training.loop import fit

    x, y = bright_is_water()
    with pytest.raises(EEFloodsError, match=r"nan at step 1.*learning_rate"):
        fit(model, repeat((x * np.nan, y)), loss, CONFIG, None)


def test_run_that_diverges_later_keeps_the_best_and_says_so(model, caplog: pytest.LogCaptureFixture) -> None:
    from ee_floods.training.examples import Examples
    from ee_floods.training.loop import fit

    x, y = bright_is_water()
    stream = iter([(x, y), (x, y), (x * np.nan, y)])
    with caplog.at_level(logging.WARNING):
        best = fit(model, stream, loss, CONFIG, Examples(x, y[..., 0].astype(np.int8)))
    assert best.step == 2
    assert "at step 3" in caplog.text
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_without_validation_the_last_weights_are_kept_and_no_score_is_made_up(
    model, caplog: pytest.LogCaptureFixture
) -> None:
    from ee_floods.training.loop import fit

    best = fit(model, repeat(bright_is_water()), loss, CONFIG, None)
    assert (best.step, best.counts, best.metrics["validation_iou"]) == (6, None, None)
    assert "no validation chip" in caplog.text


def test_learning_rate_rises_peaks_and_falls_to_zero() -> None:
    from ee_floods.training.loop import _optimiser

    def rates(**settings: object) -> list[float]:
        optimiser = _optimiser(TrainingConfig(steps=100, learning_rate=1.0, **settings))
        schedule = optimiser._learning_rate
        return [float(schedule(step)) for step in (0, 10, 55, 100)]

    assert rates() == pytest.approx([0.1, 1.0, 0.5, 0.0], abs=1e-6)
    assert rates(schedule="constant") == pytest.approx([0.1, 1.0, 1.0, 1.0])
    assert rates(warmup=0) == pytest.approx([1.0, 0.9755, 0.4218, 0.0], abs=1e-3)
