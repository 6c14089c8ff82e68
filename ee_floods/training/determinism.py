"""Seeds: the same seed gives the same weights, and the caller's generators are left as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ee_floods.models.keras_backend import backend_name, keras

__all__ = ["deterministic"]


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Run a block with every generator seeded.

    `keras.utils.set_random_seed` seeds Python, NumPy, Keras and the backend; Python's and NumPy's states are
    put back afterwards. On a GPU TensorFlow's deterministic kernels are switched on as well and stay on, as
    TensorFlow has no public way to switch them off. Its kernels on CPUs give the same bytes without (tested).

    Args:
        seed: Of all generators.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  (to put the caller's state back)
    keras.utils.set_random_seed(seed)
    if backend_name() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
