"""Any network runs these checks; a new one is one more line in `NETWORKS`."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.tf

NETWORKS = {
    "deeplab-tiny-s1": {"bands": ("VV", "VH"), "preset": "tiny"},
    "deeplab-tiny-both": {"bands": ("VV", "VH", "B3", "B8", "B11"), "preset": "tiny", "output_stride": 8},
    "deeplab-light-s1": {"bands": ("VV", "VH"), "preset": "light"},
}


@pytest.fixture(scope="module", params=sorted(NETWORKS))
def network(request: pytest.FixtureRequest):
    from ee_floods.models.deeplab.segmenter import DeepLabV3Plus
    from ee_floods.models.keras_backend import keras

    keras.utils.set_random_seed(0)
    return DeepLabV3Plus(**NETWORKS[request.param])


def image(network, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Noise over the range of every band."""
    rng = np.random.default_rng(seed)
    low, high = np.array(network.low), np.array(network.high)
    return rng.uniform(low, high, (1, height, width, len(low))).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 50), (33, 17), (5, 7), (1, 1)])
def test_any_size_comes_back_at_its_size_as_float32_logits(network, height: int, width: int) -> None:
    logits = np.asarray(network(image(network, height, width)))
    assert logits.shape == (1, height, width, 1)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_masked_input_gives_finite_logits(network) -> None:
    x = image(network, 32, 32)
    x[:, 4:20, 5:9] = np.nan
    x[:, :, :, -1] = np.nan
    assert np.isfinite(np.asarray(network(x))).all()


def test_values_beyond_the_range_are_clipped(network) -> None:
    x = image(network, 32, 32)
    x[:, ::2] = network.high
    beyond = x.copy()
    beyond[:, ::2] = np.array(network.high) * 1.5 + 10
    np.testing.assert_array_equal(np.asarray(network(x)), np.asarray(network(beyond)))


def test_configuration_makes_the_same_network(network) -> None:
    again = type(network).from_config(network.get_config())
    assert again.get_config() == network.get_config()
    again.set_weights(network.get_weights())
    x = image(network, 32, 32)
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(network(x)))


def test_saved_file_gives_the_same_logits_and_the_same_bytes_twice(network, tmp_path: Path) -> None:
    from ee_floods.models.keras_file import load_model, save_model

    first, second = (save_model(network, tmp_path / f"{name}.keras") for name in "ab")
    assert first == second
    again = load_model(tmp_path / "a.keras")
    x = image(network, 33, 40)
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(network(x)))
    assert save_model(again, tmp_path / "c.keras") == first


def test_export_with_a_fixed_window_agrees(network, tmp_path: Path) -> None:
    from ee_floods.models.keras_backend import backend_name, keras

    if backend_name() != "tensorflow":
        pytest.skip("graphs are exported with TensorFlow")
    import tensorflow as tf

    spec = keras.InputSpec(shape=(None, 48, 48, len(network.bands)), dtype="float32")
    network.export(str(tmp_path / "g"), format="tf_saved_model", input_signature=[spec], verbose=False)
    graph = tf.saved_model.load(str(tmp_path / "g"))
    x = image(network, 48, 48)
    x[:, :3] = np.nan
    (found,) = graph.signatures["serving_default"](tf.constant(x)).values()
    np.testing.assert_allclose(found.numpy(), np.asarray(network(x)), atol=1e-4)


def test_one_step_changes_every_weight(network) -> None:
    from ee_floods.models.keras_backend import keras

    model = type(network).from_config(network.get_config())
    model.compile(optimizer="sgd", loss=keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False)
    before = model.get_weights()
    x = np.concatenate([image(network, 64, 64, seed) for seed in range(2)])
    y = (x[..., :1] > np.median(x[..., :1])).astype(np.float32)
    model.train_on_batch(x, y)
    still = [w.path for w, b in zip(model.weights, before, strict=True) if np.array_equal(np.asarray(w), b)]
    assert still == []
