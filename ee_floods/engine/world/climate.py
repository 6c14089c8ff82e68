"""What kind of country a place lies in: biome parameters blended smoothly over the Earth."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.config import Biome, WorldConfig
from ee_floods.engine.world.lattice import EARTH_RADIUS, unit_vectors
from ee_floods.engine.world.noise import Octaves

__all__ = ["Climate"]

_ARIDITY_WAVELENGTH = 2.4e6
"""m; deserts and forests alternate over a few thousand km."""

_EVENT_RADIUS = 90e3
"""m; a listed event sees the biome it was written for, not the one its latitude would give."""

_EVENT_WEIGHT = 40.0


class Climate:
    """Biome parameters at places.

    The seasonal cycle comes as `season_cos` and `season_sin` (m), which, unlike a day of the year, blend.
    """

    def __init__(self, config: WorldConfig) -> None:
        self._biomes = tuple(config.biomes)
        self._aridity = Octaves(config.seed, [("aridity", _ARIDITY_WAVELENGTH)])
        biomes = list(config.biomes.values())
        self._latitude = np.array([biome.latitude for biome in biomes])
        self._wanted = np.array([biome.aridity for biome in biomes])
        names = [f.name for f in dataclasses.fields(Biome) if f.name not in ("latitude", "season_day")]
        self._names = (*names, "season_cos", "season_sin")
        self._table = np.array(
            [[*(getattr(biome, name) for name in names), *_season(biome)] for biome in biomes]
        )
        boxes = np.array([event.box for event in config.events]).reshape(-1, 4)
        self._centers = unit_vectors((boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2)
        self._event_biome = np.array([self._biomes.index(e.biome) for e in config.events], dtype=int)

    def at(self, vectors: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
        """Return each biome parameter at unit vectors `(..., 3)`, as `(...)` float32."""
        lat = np.degrees(np.arcsin(np.clip(vectors[..., 2], -1, 1)))
        aridity = 0.9 * self._aridity(vectors * EARTH_RADIUS)["aridity"].astype(np.float64)
        away = (np.abs(lat)[..., None] - self._latitude[:, 0]) / self._latitude[:, 1]
        weights = np.exp(-0.5 * away**2 - (aridity[..., None] - self._wanted) ** 2) + 1e-6
        weights /= weights.sum(axis=-1, keepdims=True)
        middle = vectors.reshape(-1, 3).mean(axis=0)
        reach = math.sqrt(float(((vectors - middle) ** 2).sum(axis=-1).max()))
        for center, biome in zip(self._centers, self._event_biome, strict=True):
            if math.dist(center, middle) < reach + 5 * _EVENT_RADIUS / EARTH_RADIUS:
                chord2 = ((vectors - center) ** 2).sum(axis=-1)
                weights[..., biome] += _EVENT_WEIGHT * np.exp(
                    -0.5 * chord2 * (EARTH_RADIUS / _EVENT_RADIUS) ** 2
                )
        weights /= weights.sum(axis=-1, keepdims=True)
        values = weights @ self._table
        fields = {name: values[..., i].astype(np.float32) for i, name in enumerate(self._names)}
        # South of the equator the year is turned by half; the swing fades out across it.
        turn = np.tanh(lat / 6).astype(np.float32)
        for name in ("season_cos", "season_sin"):
            fields[name] = fields[name] * turn
        return fields


def _season(biome: Biome) -> tuple[float, float]:
    angle = 2 * math.pi * biome.season_day / 365.25
    return biome.season_amplitude * math.cos(angle), biome.season_amplitude * math.sin(angle)
