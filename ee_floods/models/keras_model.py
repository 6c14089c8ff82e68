"""A trained network as a `Predictor`: a `.keras` file and the card beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.card import ModelCard
from ee_floods.errors import CorruptFileError, InputError, ModelMismatchError
from ee_floods.models.keras_backend import Model, backend_name
from ee_floods.models.keras_file import load_model, sha256_of

__all__ = ["WINDOW", "KerasPredictor", "read_card", "sigmoid"]

WINDOW = 512
"""Side in pixels of the windows that scenes are cut into: the size of Sen1Floods11's chips."""

_RADAR = ("VV", "VH", "VV_pre", "VH_pre")


class KerasPredictor:
    """A network that turns bands in their own units into the probability of water.

    Args:
        model: Takes `(N, H, W, C)` in the bands' units, NaN where masked; returns logits `(N, H, W, 1)`.
        card: Its card.
        path: The `.keras` file.

    Raises:
        ModelMismatchError: If the network takes another number of bands than its card names.
    """

    window: int | None = WINDOW

    def __init__(self, model: Model, card: ModelCard, path: Path) -> None:
        channels = model.input_shape[-1]
        if channels != len(card.bands):
            raise ModelMismatchError(
                f"{path} takes {channels} bands, but its card names {len(card.bands)}: "
                f"{', '.join(card.bands)}.",
                remedy="Put the card back that training wrote beside the model.",
            )
        # Compiling an inference graph for every image size costs more than it saves on a CPU.
        model.compile(jit_compile=False if backend_name() == "tensorflow" else "auto")
        self.model = model
        self.path = path
        self._card = card

    @classmethod
    def load(cls, path: Path) -> KerasPredictor:
        """Return the predictor of a `.keras` file and the `.json` card beside it.

        Raises:
            InputError: If the file or its card is absent.
            CorruptFileError: If the card is no card, or the file is not the one that the card describes.
            FormatVersionError: If the card is of another major version.
            ModelMismatchError: If the network does not take the card's bands.
        """
        path = Path(path)
        card = read_card(path)
        return cls(load_model(path), card, path)

    @property
    def name(self) -> str:
        """`file:<name>`: products and reports carry it, and a folder of one machine says nothing there."""
        return f"file:{self.path.name}"

    @property
    def bands(self) -> tuple[str, ...]:
        """Input bands in order."""
        return self._card.bands

    @property
    def threshold(self) -> float:
        """Probability from which a pixel is water."""
        return self._card.threshold

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return self._card

    def fitted(self, bands: Mapping[str, NDArray[np.float32]]) -> Mapping[str, float]:
        """Return nothing: a network derives nothing from the whole image."""
        return {}

    def probability(self, bands: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the probability of water; see `Predictor.probability`.

        A pixel is NaN where any radar band of the model is. Where only other bands are masked (Sentinel-2
        under clouds), the network answers from what it has.

        Raises:
            ModelMismatchError: If a band of the card is absent, or the bands differ in shape.
        """
        stack = self._stack(bands)  # (H, W, C)
        probability = sigmoid(self.logits(stack[None])[0, ..., 0])
        radar = [place for place, band in enumerate(self.bands) if band in _RADAR]
        probability[np.isnan(stack[..., radar]).any(axis=-1)] = np.nan
        return probability

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits `(N, H, W, 1)` of a batch `(N, H, W, C)` in the bands' units and order."""
        return np.asarray(self.model.predict_on_batch(batch), np.float32)

    def _stack(self, bands: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        absent = [band for band in self.bands if band not in bands]
        if absent:
            raise ModelMismatchError(
                f"{self.path.name} needs the band(s) {', '.join(absent)}; given are {', '.join(bands)}.",
                remedy="Give an image with these bands, or a model that needs fewer.",
            )
        shapes = {band: np.shape(bands[band]) for band in self.bands}
        if len(set(shapes.values())) != 1 or len(shapes[self.bands[0]]) != 2:
            raise ModelMismatchError(
                f"The bands must be (H, W) arrays of one shape, received {shapes}.",
                remedy="Resample them to one grid first.",
            )
        return np.stack([np.asarray(bands[band], np.float32) for band in self.bands], axis=-1)


def read_card(path: Path) -> ModelCard:
    """Return the card beside a `.keras` file, having checked that it describes this very file.

    Raises:
        InputError: If the file or its card is absent.
        CorruptFileError: If the checksums differ, or the card is no card.
    """
    if not path.is_file():
        raise InputError(f"There is no model file {path}.", remedy="Give a .keras file that training wrote.")
    beside = path.with_suffix(".json")
    if not beside.is_file():
        raise InputError(
            f"The model {path} has no card: {beside.name} is not beside it.",
            remedy="Copy the .json along with the .keras: it says which bands and units the model takes.",
        )
    card = ModelCard.read(beside)
    found = sha256_of(path)
    if found != card.model_sha256:
        raise CorruptFileError(
            f"{path} has SHA-256 {found[:12]}..., its card says {card.model_sha256[:12] or 'nothing'}...",
            remedy="The file is cut, or belongs to another card: copy both again.",
        )
    return card


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float32]:
    """Return the probability of logits, without overflow at any magnitude."""
    values = np.asarray(logits, np.float64)
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)
