"""The sky of one pass of Sentinel-2: clouds, their shadows and the scores made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.config import WorldConfig
from ee_floods.engine.world.hydrology import Hydrology
from ee_floods.engine.world.lattice import EARTH_RADIUS
from ee_floods.engine.world.noise import Octaves

__all__ = ["Sky"]

Field = NDArray[np.float32]


class Sky:
    """Clouds of one pass.

    Args:
        config: The world's parameters.
        hydrology: Where rain falls.
        name: The pass, such as `S2A-12345`: neighbouring tiles of a pass share one sky.
        days: Days since 1970.
    """

    def __init__(self, config: WorldConfig, hydrology: Hydrology, name: str, days: float) -> None:
        self._config = config.clouds
        self._hydrology = hydrology
        self._days = days
        octaves = [(f"cloud-{i}-{name}", w) for i, w in enumerate(config.clouds.wavelengths)]
        self._noise = Octaves(config.seed, [*octaves, (f"weather-{name}", config.clouds.weather_wavelength)])

    def density(self, vectors: NDArray[np.float64], cloudiness: Field) -> tuple[Field, Field]:
        """Return how far above the threshold of cloud the sky is, in noise units, and its shadow's likewise.

        Args:
            vectors: Unit vectors `(..., 3)`.
            cloudiness: The climate's, `(...)`.

        Returns:
            Two smooth fields `(...)`, which survive interpolation; `fraction` turns them into cover.
        """
        c = self._config
        base = c.bias + cloudiness + c.rain_gain * self._hydrology.rain(vectors, self._days)
        # Morning sun stands in the south-east (north-east in the south): shadows fall to the north-west.
        lat = vectors[..., 2]
        north = np.stack([np.zeros_like(lat), np.zeros_like(lat), np.ones_like(lat)], axis=-1)
        east = np.cross(north, vectors)
        size = np.linalg.norm(east, axis=-1, keepdims=True) + 1e-9
        turn = np.tanh(lat * 10)[..., None]
        shift = 0.6 * east / size - 0.8 * turn * np.cross(vectors, east / size)
        points = vectors * EARTH_RADIUS
        both = self._noise(np.stack([points, points + c.shadow_length * shift]))
        names = list(both)
        total = c.weather_spread * both[names[-1]]
        for name, weight in zip(names[:-1], c.weights, strict=True):
            total = total + np.float32(weight) * both[name]
        total = total + base.astype(np.float32)
        return total[0], total[1]

    def fraction(self, density: Field) -> Field:
        """Return cloud cover 0..1 of a density."""
        t = np.clip(density / np.float32(self._config.edge) + np.float32(0.5), 0, 1)
        return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
