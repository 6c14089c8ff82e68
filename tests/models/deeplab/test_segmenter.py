import numpy as np
import pytest

from ee_floods.errors import ConfigError, InputError

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def tiny():
    from ee_floods.models.deeplab.segmenter import DeepLabV3Plus

    return DeepLabV3Plus


def test_batch_of_images_does_not_mix_them(tiny) -> None:
    model = tiny(("VV", "VH"), "tiny")
    x = np.random.default_rng(0).uniform(-25, -5, (3, 32, 32, 2)).astype(np.float32)
    together = np.asarray(model(x))
    alone = np.concatenate([np.asarray(model(x[i : i + 1])) for i in range(3)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize(("output_stride", "decoder_strides"), [(16, (4,)), (16, (8, 4, 2)), (8, (2,))])
def test_strides_are_those_asked_for(tiny, output_stride: int, decoder_strides: tuple[int, ...]) -> None:
    model = tiny(("VH",), "tiny", output_stride=output_stride, decoder_strides=decoder_strides)
    side = {layer.name: layer.output.shape for layer in model.layers}
    assert all(f"decoder{stride}_conv" in side for stride in decoder_strides)
    assert np.asarray(model(np.zeros((1, 32, 48, 1), np.float32))).shape == (1, 32, 48, 1)


def test_deepest_map_has_the_output_stride(tiny) -> None:
    from ee_floods.models.keras_backend import keras

    for stride, size in ((16, 4), (8, 8)):
        model = tiny(("VH",), "tiny", output_stride=stride, decoder_strides=(4,))
        deep = keras.Model(model.inputs, model.get_layer("aspp_project_relu").output)
        assert np.asarray(deep([np.zeros((1, 64, 64, 1), np.float32)])).shape[1:3] == (size, size)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"output_stride": 32}, "output_stride"),
        ({"decoder_strides": (2, 4)}, "decoder_strides"),
        ({"decoder_strides": ()}, "decoder_strides"),
        ({"output_stride": 8, "decoder_strides": (8,)}, "decoder_strides"),
        ({"preset": "lite"}, "Did you mean 'light'"),
    ],
)
def test_impossible_settings_are_refused(tiny, wrong: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        tiny(**{"bands": ("VV", "VH"), **wrong})


def test_label_cannot_be_an_input(tiny) -> None:
    with pytest.raises(InputError, match="label"):
        tiny(("VV", "label"), "tiny")


def test_light_preset_is_light(tiny) -> None:
    """A laptop trains four of them in two minutes: see the measured step in the training tests' notes."""
    assert tiny(("VV", "VH"), "light").count_params() < 300_000
