"""The protocol that every model follows, from a threshold to a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ee_floods.contracts.card import ModelCard

__all__ = ["Predictor"]


class Predictor(Protocol):
    """Turns the bands of one image into the probability of water.

    Attributes:
        name: As the user named it: `baseline:otsu`, `file:student.keras`.
        bands: Names of the bands it needs, in order.
        threshold: Probability from which a pixel is water.
        window: Side in pixels it wants to see at once; None if it must see the whole image.
        card: Its card, if it was trained.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def bands(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def threshold(self) -> float: ...  # noqa: D102
    @property
    def window(self) -> int | None: ...  # noqa: D102
    @property
    def card(self) -> ModelCard | None: ...  # noqa: D102

    def fitted(self, bands: Mapping[str, NDArray[np.float32]]) -> Mapping[str, float]:
        """Return what the model derives from the whole image (an Otsu threshold, dB), for the record."""
        ...

    def probability(self, bands: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the probability of water.

        Args:
            bands: By name, float32 `(H, W)` in the bands' own units, NaN where masked.

        Returns:
            float32 `(H, W)` in 0..1, NaN where the model cannot tell because an input is masked.
        """
        ...
