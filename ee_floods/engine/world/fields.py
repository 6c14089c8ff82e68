"""The fields of the world per block, shared between sensors through bounded caches of this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.climate import Climate
from ee_floods.engine.world.config import WorldConfig
from ee_floods.engine.world.cover import Cover, LandCover, Water, surfaces
from ee_floods.engine.world.hydrology import Hydrology
from ee_floods.engine.world.lattice import Block
from ee_floods.engine.world.noise import upsample
from ee_floods.engine.world.terrain import Ground, Terrain

__all__ = ["Cache", "Fields", "Scene"]

T = TypeVar("T")

_GROUND_BLOCKS = 96
"""Blocks whose ground and cover are kept: about 0.8 MB each."""

_SCENE_BLOCKS = 64
"""Blocks and times whose surfaces are kept: about 0.7 MB each."""


class Cache(Generic[T]):
    """A cache that keeps the entries used last, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the entry of `key`, making it if it is not held."""
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key]
        value = make()
        self._entries[key] = value
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return value


class Scene:
    """What a block looks like at one time: `water`, and `shares` of each surface `(9, BLOCK, BLOCK)`."""

    __slots__ = ("shares", "water")

    def __init__(self, water: Water, shares: NDArray[np.float32]) -> None:
        self.water = water
        self.shares = shares


class Fields:
    """Ground, cover, water and surfaces of blocks of one world.

    Not safe for threads: each worker process of the engine has its own.
    """

    def __init__(self, config: WorldConfig) -> None:
        self.config = config
        self.climate = Climate(config)
        self.hydrology = Hydrology(config, self.climate)
        self.terrain = Terrain(config, self.climate)
        self._cover = Cover(config)
        self._ground: Cache[Ground] = Cache(_GROUND_BLOCKS)
        self._land: Cache[LandCover] = Cache(_GROUND_BLOCKS)
        self._scenes: Cache[Scene] = Cache(_SCENE_BLOCKS)

    def ground(self, block: Block) -> Ground:
        """Return the unchanging ground of a block."""
        return self._ground.get(block, lambda: self.terrain.ground(block))

    def cover(self, block: Block) -> LandCover:
        """Return the land cover of a block."""
        return self._land.get(block, lambda: self._cover.cover(block, self.ground(block)))

    def scene(self, block: Block, days: float) -> Scene:
        """Return water and surfaces of a block at a time in days since 1970."""

        def make() -> Scene:
            water = self.water(block, self.ground(block), days)
            return Scene(water, surfaces(self.cover(block), water, days))

        return self._scenes.get((block, days), make)

    def water(self, block: Block, ground: Ground, days: float) -> Water:
        """Return the water on a block's ground at a time in days since 1970."""
        stage, pulse = self.hydrology.stage(block.vectors, ground.climate, days)
        # Normal water never falls below the low stage: channels deeper than that always hold water.
        low = ground.climate["low_stage"]
        wet = np.clip(pulse / self.config.hydrology.wet_pulse, 0, 1)
        moist = ground.climate["moisture"]
        level, wet = upsample(np.stack([np.maximum(stage, low), wet + moist * (1 - wet)]), block.step)
        above = level - ground.hand
        fraction = np.clip(0.5 + above / ground.spread, 0, 1)
        # Soil dries away from the water: half the wetness is gone 3 m above it.
        wet = wet * np.exp2(np.minimum(above, 0) / 3)
        return Water(
            np.asarray(fraction, dtype=np.float32),
            np.asarray(np.maximum(above, 0), dtype=np.float32),
            np.asarray(np.clip(wet, 0, 1), dtype=np.float32),
        )
