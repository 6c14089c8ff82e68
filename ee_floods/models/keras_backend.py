"""Keras behind one typed facade, imported without a line on the terminal.

Importing this module imports Keras and the backend that `KERAS_BACKEND` names (TensorFlow by default), which
takes seconds: nothing that a user merely lists or configures should reach it.

TensorFlow's libraries write to file descriptor 2 before their logging is configured (oneDNN, missing CUDA
drivers, CPU features), and no variable silences these lines. So the descriptor is held back for as long as
the import lasts; whatever is not such a line, a warning of another package say, is written out afterwards.
A user who sets `TF_CPP_MIN_LOG_LEVEL` himself wants to see them, and then nothing is held back.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["Layer", "Model", "backend_name", "keras", "ops", "serializable", "visible_gpus"]

# 0 shows everything, 1 hides information, 2 hides warnings too: no start-up line is more than a warning.
_LOG_LEVEL = "2"
# glog and absl prefix lines with severity, month, day: "I0000 00:00:..." or "2026-01-01 ...: I tensorflow/".
_STARTUP_LINE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rb"|[IW]\d{4} "
    # A machine with CUDA's library but no GPU: TensorFlow calls it an error, and goes on without.
    rb"|E\d{4} .*(cuda|cuInit)"
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IW] "
    rb"|To enable the following instructions: "
)


@contextmanager
def _startup_lines_held_back() -> Iterator[None]:
    """Hold file descriptor 2 back, and afterwards write what was not a start-up line of TensorFlow."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = _LOG_LEVEL
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all (a service, pythonw): there is nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            rest = b"".join(line for line in held if not _STARTUP_LINE.match(line))
            if rest:
                os.write(2, rest)


with _startup_lines_held_back():
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        # Devices are found, and lines about them written, at the first use.
        tensorflow.config.list_logical_devices()
        _logger = logging.getLogger("tensorflow")
        if os.environ["TF_CPP_MIN_LOG_LEVEL"] == _LOG_LEVEL and _logger.level <= logging.WARNING:
            # It warns of retracing when a process meets a sixth image size, which is what maps are made of.
            _logger.setLevel(logging.ERROR)

ops: Any = keras.ops

if TYPE_CHECKING:

    class Layer:
        """What this package uses of `keras.layers.Layer`, typed for subclasses."""

        name: str

        def __init__(self, *, name: str | None = None, **kwargs: Any) -> None: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """Apply the layer."""

        def get_config(self) -> dict[str, Any]:
            """Return the constructor's arguments."""

    class Model(Layer):
        """What this package uses of `keras.Model`, typed for subclasses."""

        layers: list[Layer]
        input_shape: tuple[int | None, ...]

        def __init__(self, inputs: Any = None, outputs: Any = None, **kwargs: Any) -> None: ...
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            """Return the model of a configuration."""

        def get_weights(self) -> list[Any]:
            """Return all weights as NumPy arrays."""

        def set_weights(self, weights: list[Any]) -> None:
            """Set all weights."""

        def count_params(self) -> int:
            """Return the number of weights."""

        def compile(self, **kwargs: Any) -> None:
            """Configure training."""

        def train_on_batch(self, x: Any, y: Any, **kwargs: Any) -> Any:
            """Take one step."""

        def predict_on_batch(self, x: Any) -> Any:
            """Return the output for one batch as a NumPy array."""

        def save(self, path: str) -> None:
            """Write a `.keras` file."""

        def export(self, path: str, **kwargs: Any) -> None:
            """Write a graph for inference."""

else:
    Layer = keras.layers.Layer
    Model = keras.Model

Class = TypeVar("Class", bound=type)


def serializable(cls: Class) -> Class:
    """Register a class under `ee_floods>Name`, so that `.keras` files that hold it can be read."""
    decorate: Callable[[Class], Class] = keras.saving.register_keras_serializable(package="ee_floods")
    return decorate(cls)


def backend_name() -> str:
    """Return the backend that Keras runs on: `tensorflow`, `jax` or `torch`."""
    return str(keras.backend.backend())


def visible_gpus() -> tuple[str, ...]:
    """Return the names of the GPUs that the backend can use; empty if there is none."""
    return tuple(str(name) for name in keras.distribution.list_devices("gpu"))
