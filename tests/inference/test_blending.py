"""Windows over an image: every pixel covered, no seam, NaN without a say."""

from __future__ import annotations

import numpy as np
import pytest

from ee_floods.errors import GridMismatchError, InputError, ModelMismatchError
from ee_floods.grid import Grid
from ee_floods.inference.blending import cosine_weights, predict_probability
from tests.inference.makers import Bands, StubPredictor


def grid_of(shape: tuple[int, int]) -> Grid:
    return Grid("EPSG:32645", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), shape)


def ramp(shape: tuple[int, int]) -> np.ndarray:
    return np.linspace(0, 1, shape[0] * shape[1], dtype=np.float32).reshape(shape)


def identity(bands: Bands) -> np.ndarray:
    return bands["VH"]


@pytest.mark.parametrize("shape", [(16, 16), (17, 31), (5, 40), (7, 3), (33, 16), (1, 1)])
@pytest.mark.parametrize("overlap", [0, 4, 9])
def test_a_model_that_copies_its_input_gives_it_back_at_any_size(
    shape: tuple[int, int], overlap: int
) -> None:
    values = ramp(shape)
    out = predict_probability(
        StubPredictor(identity, window=16), {"VH": values}, grid_of(shape), overlap=overlap
    )
    np.testing.assert_allclose(out, values, rtol=1e-5, atol=1e-6)
    assert out.dtype == np.float32


def test_a_model_always_sees_whole_windows() -> None:
    seen = []

    def remember(bands: Bands) -> np.ndarray:
        seen.append(bands["VH"].shape)
        return bands["VH"]

    for shape in ((3, 50), (40, 21)):
        predict_probability(StubPredictor(remember, window=16), {"VH": ramp(shape)}, grid_of(shape))
    assert set(seen) == {(16, 16)}


def test_blend_is_the_weighted_mean_of_the_windows() -> None:
    shape, side, overlap = (16, 40), 16, 8
    rng = np.random.default_rng(0)
    answers = [rng.random((side, side)).astype(np.float32) for _ in range(4)]
    queue = iter(answers)
    out = predict_probability(
        StubPredictor(lambda _: next(queue), window=side),
        {"VH": ramp(shape)},
        grid_of(shape),
        overlap=overlap,
    )
    expected = np.empty(shape)
    for row in range(shape[0]):
        for col in range(shape[1]):
            total = weight = 0.0
            for answer, start in zip(answers, (0, 8, 16, 24), strict=True):
                if start <= col < start + side:
                    w = (
                        np.sin(np.pi * (row + 0.5) / side) ** 2
                        * np.sin(np.pi * (col - start + 0.5) / side) ** 2
                    )
                    total, weight = total + w * answer[row, col - start], weight + w
            expected[row, col] = total / weight
    np.testing.assert_allclose(out, expected, rtol=1e-4)


def test_weights_are_positive_and_symmetric() -> None:
    weights = cosine_weights(512)
    assert weights.min() > 0
    np.testing.assert_allclose(weights, weights[::-1, ::-1].T, rtol=1e-4, atol=1e-9)


def test_masked_radar_stays_nan_and_does_not_spread() -> None:
    values = ramp((40, 40))
    values[10:13, 20] = np.nan
    out = predict_probability(
        StubPredictor(lambda b: np.nan_to_num(b["VH"], nan=0.7), window=16), {"VH": values}, grid_of((40, 40))
    )
    np.testing.assert_array_equal(np.isnan(out), np.isnan(values))


def test_a_window_that_cannot_tell_leaves_the_say_to_its_neighbour() -> None:
    first = True

    def blind_at_first(bands: Bands) -> np.ndarray:
        nonlocal first
        answer = np.full(bands["VH"].shape, np.nan if first else 0.25, np.float32)
        first = False
        return answer

    out = predict_probability(
        StubPredictor(blind_at_first, window=16), {"VH": ramp((16, 24))}, grid_of((16, 24)), overlap=8
    )
    assert np.isnan(out[:, :8]).all() and (out[:, 8:] == 0.25).all()


def test_windows_without_measurement_are_skipped_but_counted() -> None:
    values = np.full((32, 32), np.nan, np.float32)
    values[0, 0] = 0.5
    calls: list[tuple[int, int]] = []
    asked = []

    def ask(bands: Bands) -> np.ndarray:
        asked.append(1)
        return bands["VH"]

    predict_probability(
        StubPredictor(ask, window=16),
        {"VH": values},
        grid_of((32, 32)),
        overlap=0,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert len(asked) == 1 and calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_rule_sees_the_whole_image_at_once_and_takes_no_window() -> None:
    values = ramp((9, 9))
    rule = StubPredictor(lambda b: (b["VH"] > np.median(b["VH"])).astype(np.float32))
    out = predict_probability(rule, {"VH": values}, grid_of((9, 9)))
    np.testing.assert_array_equal(out, values > np.median(values))
    with pytest.raises(InputError, match="whole image"):
        predict_probability(rule, {"VH": values}, grid_of((9, 9)), window=4)


def test_missing_bands_other_shapes_and_other_answers_are_named() -> None:
    with pytest.raises(ModelMismatchError, match=r"B2.*VH"):
        predict_probability(StubPredictor(bands=("VH", "B2")), {"VH": ramp((4, 4))}, grid_of((4, 4)))
    with pytest.raises(GridMismatchError, match=r"VH is \(4, 4\)"):
        predict_probability(StubPredictor(), {"VH": ramp((4, 4))}, grid_of((4, 5)))
    with pytest.raises(ModelMismatchError, match=r"\(2, 2\)"):
        predict_probability(StubPredictor(lambda _: np.zeros((2, 2))), {"VH": ramp((4, 4))}, grid_of((4, 4)))
