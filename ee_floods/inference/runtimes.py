"""Fixed-window graphs: a `.keras` file exported once per user, compared with it, and run without retracing.

Keras 3 cannot export bilinear resizing at an unknown height and width on every target, so exported graphs
have a fixed window and a free batch. Each is compared with the `.keras` on seeded input before it is used.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from ee_floods.contracts.card import ModelCard
from ee_floods.errors import EEFloodsError, InputError, ModelMismatchError
from ee_floods.models.keras_backend import backend_name, keras
from ee_floods.models.keras_model import WINDOW, KerasPredictor, read_card, sigmoid

__all__ = ["TOLERANCE", "FixedWindowRuntime"]

TOLERANCE = 1e-4
"""Largest difference of probability between an exported graph and its `.keras`: a hundredth of the product's
step of 1 %, and a hundred times the float32 noise that kernels of another layout show."""

_SEED = 20230119  # any constant: the comparison sees the same input on every machine
_PARITY_BATCH = 2  # more than one image, so that a graph that mixes images is found out
_RECORD = "parity.json"


@dataclass(frozen=True)
class FixedWindowRuntime:
    """A model exported for one window size.

    Args:
        card: The model's card.
        window: Side of the window in pixels.
        max_difference: Largest difference of probability from the `.keras`, measured at export.
        signature: The graph.
        graph: What keeps the graph's variables alive.
    """

    card: ModelCard
    window: int
    max_difference: float
    signature: Any
    graph: Any

    @classmethod
    def load(cls, path: Path, *, window: int = WINDOW, cache: Path | None = None) -> FixedWindowRuntime:
        """Return the runtime of a `.keras` file, exporting it unless the user's cache has it.

        Args:
            path: The `.keras` file, its card beside it.
            window: Side in pixels.
            cache: Folder for exported graphs; by default the user's cache folder.

        Raises:
            InputError: If the file or its card is absent, or the window is not positive.
            CorruptFileError: If the file is not the one that its card describes.
            EEFloodsError: If Keras does not run on TensorFlow, or the export differs from the `.keras`.
        """
        if window < 1:
            raise InputError(f"`window` must be at least 1 pixel, received {window}.")
        if backend_name() != "tensorflow":
            raise EEFloodsError(
                f"Graphs are exported with TensorFlow; Keras runs on {backend_name()} here.",
                remedy="Set KERAS_BACKEND=tensorflow, or use the .keras file itself.",
            )
        import tensorflow as tf

        card = read_card(path)
        root = cache or Path(user_cache_dir("ee-floods")) / "graphs"
        # The version of Keras is part of the key: another one may export another graph.
        folder = root / f"{card.model_sha256[:32]}-{window}-keras{keras.__version__}"
        if not (folder / _RECORD).is_file():
            _export(KerasPredictor.load(path), folder, window)
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        graph = tf.saved_model.load(str(folder / "saved_model"))
        return cls(card, window, float(record["max_difference"]), graph.signatures["serving_default"], graph)

    @property
    def bands(self) -> tuple[str, ...]:
        """Input bands in order."""
        return self.card.bands

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of water.

        Args:
            batch: `(N, window, window, C)` in the bands' units and order, NaN where masked.

        Returns:
            float32 `(N, window, window)` in 0..1. Masked pixels have a value too: the caller, who has the
            radar, masks them.

        Raises:
            ModelMismatchError: If the batch has another shape.
        """
        expected = (self.window, self.window, len(self.bands))
        if batch.ndim != 4 or batch.shape[1:] != expected:
            raise ModelMismatchError(
                f"This runtime takes (N, {', '.join(map(str, expected))}), received {batch.shape}.",
                remedy="Cut the image into windows of this size, padded with NaN at the rim.",
            )
        return sigmoid(_logits(self.signature, batch)[..., 0])


def _export(predictor: KerasPredictor, folder: Path, window: int) -> None:
    """Export a model into a folder, whole or not at all, having compared the two."""
    import tensorflow as tf

    channels = len(predictor.bands)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        signature = keras.InputSpec(shape=(None, window, window, channels), dtype="float32")
        predictor.model.export(
            str(partial / "saved_model"), format="tf_saved_model", input_signature=[signature], verbose=False
        )
        graph = tf.saved_model.load(str(partial / "saved_model"))
        batch = _seeded_input(predictor.card, window)
        exported = sigmoid(_logits(graph.signatures["serving_default"], batch))
        difference = float(np.abs(exported - sigmoid(predictor.logits(batch))).max())
        if not difference <= TOLERANCE:
            raise EEFloodsError(
                f"The graph exported from {predictor.path} differs from it by {difference:.2g} in "
                f"probability; at most {TOLERANCE:g} is accepted.",
                remedy="Use the .keras file itself, and report this with the version of Keras.",
            )
        record = {"max_difference": difference, "window": window, "model_sha256": predictor.card.model_sha256}
        (partial / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        try:
            partial.rename(folder)
        except OSError:
            # Another process has put the same graph there meanwhile; without its record it is not whole.
            if not (folder / _RECORD).is_file():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _seeded_input(card: ModelCard, window: int) -> NDArray[np.float32]:
    """Return noise over the range of every band, a tenth of it beyond, one pixel in 50 masked."""
    rng = np.random.default_rng(_SEED)
    shape = (_PARITY_BATCH, window, window, len(card.bands))
    low, high = (np.array(v, np.float32) for v in zip(*_limits(card), strict=True))
    batch = (low + (high - low) * rng.uniform(-0.1, 1.1, shape)).astype(np.float32)
    batch[rng.random(shape) < 0.02] = np.nan
    return batch


def _limits(card: ModelCard) -> Sequence[tuple[float, float]]:
    return [(item.low, item.high) for item in card.scaling]


def _logits(signature: Any, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    import tensorflow as tf

    (output,) = signature(tf.constant(batch, tf.float32)).values()
    return np.asarray(output.numpy(), np.float32)
