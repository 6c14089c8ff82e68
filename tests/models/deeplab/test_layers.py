import numpy as np
import pytest

pytestmark = pytest.mark.tf


def test_band_scaling_clips_centres_and_maps_masked_pixels_to_zero() -> None:
    from ee_floods.models.deeplab.layers import BandScaling

    layer = BandScaling([-30.0, 0.0], [0.0, 4000.0])
    x = np.array([[-30, 0], [0, 4000], [-15, 2000], [-60, 9000], [np.nan, np.nan]], np.float32)
    found = np.asarray(layer(x.reshape(1, 5, 1, 2))).reshape(5, 2)
    np.testing.assert_allclose(found, [[-2, -2], [2, 2], [0, 0], [-2, 2], [0, 0]], atol=1e-6)


def test_gradient_through_masked_pixels_is_finite() -> None:
    """A NaN in a branch that `where` leaves out still poisons the gradient, unless it is replaced before."""
    from ee_floods.models.deeplab.layers import BandScaling
    from ee_floods.models.keras_backend import backend_name

    if backend_name() != "tensorflow":
        pytest.skip("gradients are taken with TensorFlow here")
    import tensorflow as tf

    x = tf.Variable(np.array([np.nan, -10], np.float32).reshape(1, 1, 2, 1))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(BandScaling([-30.0], [0.0])(x))
    np.testing.assert_allclose(np.ravel(tape.gradient(y, x)), [0, 4 / 30], rtol=1e-5)


def test_size_known_only_at_run_time_gives_the_same_as_a_known_one() -> None:
    from ee_floods.models.deeplab.layers import ResizeLike
    from ee_floods.models.keras_backend import backend_name

    if backend_name() != "tensorflow":
        pytest.skip("only TensorFlow traces with unknown sizes")
    import tensorflow as tf

    layer = ResizeLike()
    unknown = tf.TensorSpec((None, None, None, None))
    graph = tf.function(lambda a, b: layer([a, b]), input_signature=[unknown, unknown])
    rng = np.random.default_rng(0)
    for small, large in (((4, 5), (16, 20)), ((3, 2), (5, 7)), ((1, 1), (4, 4)), ((6, 6), (6, 6))):
        x = rng.random((2, *small, 3)).astype(np.float32)
        y = np.zeros((2, *large, 1), np.float32)
        np.testing.assert_allclose(graph(x, y), np.asarray(layer([x, y])), atol=1e-6)


def test_resize_is_half_pixel_bilinear_as_scikit_image_does_it() -> None:
    from skimage.transform import resize

    from ee_floods.models.deeplab.layers import ResizeLike

    x = np.random.default_rng(0).random((1, 4, 5, 1)).astype(np.float32)
    found = np.asarray(ResizeLike()([x, np.zeros((1, 16, 20, 3), np.float32)]))[0, ..., 0]
    expected = resize(x[0, ..., 0], (16, 20), order=1, mode="edge", anti_aliasing=False)
    np.testing.assert_allclose(found, expected, atol=1e-5)
