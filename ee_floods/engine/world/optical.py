"""What Sentinel-2 sees of a block: mixed spectra of its surfaces under an atmosphere with clouds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.clouds import Sky
from ee_floods.engine.world.cover import SURFACES
from ee_floods.engine.world.fields import Cache, Fields
from ee_floods.engine.world.hashing import stream_key, uniforms_of, white_normal
from ee_floods.engine.world.lattice import Block
from ee_floods.engine.world.noise import upsample
from ee_floods.engine.world.raster import reduce_blocks

__all__ = ["OpticalPass"]

Field = NDArray[np.float32]

_FLOODED_CANOPY = 0.6
"""Share of what a nadir view sees between standing stems that is canopy; the rest is water."""

_BLOCKS = 48
"""Blocks of a pass kept, about 0.7 MB each: reads of its 10, 20 and 60 m bands follow one another."""


class OpticalPass:
    """The optical sensor during one pass: haze, sky and noise.

    Args:
        fields: The world.
        name: The pass, such as `S2A-37512`.
        days: Days since 1970.
    """

    def __init__(self, fields: Fields, name: str, days: float) -> None:
        config = fields.config
        self._fields = fields
        self._config = config.optical
        self._days = days
        self.sky = Sky(config, fields.hydrology, name, days)
        self._white = [stream_key(config.seed, "optical", i, name) for i in (0, 1)]
        self._score = stream_key(config.seed, "cloud-score", name)
        u = uniforms_of(config.seed, "haze", name)
        self._haze = config.optical.haze[0] + (config.optical.haze[1] - config.optical.haze[0]) * float(u[0])
        self._limit = config.clouds
        o = config.optical
        names = (*SURFACES[:7], "clear_water", "turbid_water")
        self._spectra = np.array([getattr(o, n) for n in names], dtype=np.float32)
        self._clouds: Cache[tuple[Field, Field]] = Cache(_BLOCKS)
        self._mixtures: Cache[Field] = Cache(_BLOCKS)
        self._index = {band: i for i, band in enumerate(o.bands)}

    def cloud(self, block: Block) -> tuple[Field, Field]:
        """Return cover of cloud and of its shadow, 0..1, `(BLOCK, BLOCK)` each."""

        def make() -> tuple[Field, Field]:
            cloudiness = self._fields.ground(block).climate["cloudiness"]
            density = np.stack(self.sky.density(block.vectors, cloudiness))
            cloud, shadow = self.sky.fraction(upsample(density, block.step))
            return cloud, np.asarray(shadow * (1 - cloud), dtype=np.float32)

        return self._clouds.get(block, make)

    def reflectance(self, block: Block, bands: Sequence[str], side: int) -> list[Field]:
        """Return top-of-atmosphere reflectance x 10000 of bands of one resolution.

        Args:
            block: Pixels of the 10 m lattice (or of a coarser one, with `side` 1).
            bands: Names.
            side: Block pixels along a band pixel.
        """
        o = self._config
        mixed = reduce_blocks(self._mixtures.get(block, lambda: self._mixture(block)), side)
        cover_of_cloud = mixed[-1]
        row, col = block.first_row // side, block.first_col // side
        size = mixed.shape[-1]
        white = [white_normal(key + side, row, col, size, size) for key in self._white]
        result = []
        part = np.empty((size, size), dtype=np.float32)
        for band in bands:
            i = self._index[band]
            surface = np.zeros((size, size), dtype=np.float32)
            for weight, spectrum in zip(mixed[:-1], self._spectra[:, i], strict=True):
                surface += np.multiply(weight, spectrum, out=part)
            value = o.path[i] * self._haze + o.transmission[i] * surface
            value += cover_of_cloud * (np.float32(o.cloud[i]) - value)
            angle = 2.4 * i
            value += np.float32(o.noise) * (math.cos(angle) * white[0] + math.sin(angle) * white[1])
            result.append(np.asarray(np.maximum(value, 1e-4) * 10000, dtype=np.float32))
        return result

    def _mixture(self, block: Block) -> Field:
        """Weights of the spectra in the light from below and, last, the cover of cloud, `(10, B, B)`."""
        o = self._config
        cover = self._fields.cover(block)
        scene = self._fields.scene(block, self._days)
        cloud, shadow = self.cloud(block)
        turbidity = float(self._fields.ground(block).climate["turbidity"].mean())
        # Moving, shallow flood water carries more sediment than what stands deep.
        muddy = np.clip(turbidity + 0.07 * cover.texture - 0.06 * scene.water.depth, 0.03, 1)
        seen_water = scene.shares[7] + (1 - _FLOODED_CANOPY) * scene.shares[8]
        weights = np.empty((10, *cloud.shape), dtype=np.float32)
        land = weights[:7]
        land[:] = scene.shares[:7]
        land[0] += _FLOODED_CANOPY * scene.shares[8]
        dim = 1 - o.wet_darkening * scene.water.wet
        land[2] *= dim
        land[3] *= dim
        land[4] *= dim
        land[5] *= 0.7 + 0.6 * cover.houses
        land *= 1 + o.texture_spread * (cover.texture * 0.6 + (cover.parcel - 0.5) * 1.5)
        np.multiply(seen_water, 1 - muddy, out=weights[7])
        np.multiply(seen_water, muddy, out=weights[8])
        weights[:9] *= 1 - self._limit.shadow_strength * shadow
        weights[9] = cloud
        return weights

    def score(self, block: Block) -> dict[str, Field]:
        """Return Cloud Score+ `cs` and `cs_cdf`, 0..1, higher is clearer, `(BLOCK, BLOCK)` each."""
        cloud, shadow = self.cloud(block)
        size = cloud.shape[0]
        noise = white_normal(self._score, block.first_row, block.first_col, size, size)
        clear = 1 - np.maximum(cloud, 0.65 * shadow)
        spread = np.float32(self._limit.score_noise) * noise
        cs = np.clip(0.9 * clear + 0.03 + spread, 0, 1)
        cs_cdf = np.clip(0.96 * clear**0.8 + 0.02 + spread, 0, 1)
        return {"cs": np.asarray(cs, dtype=np.float32), "cs_cdf": np.asarray(cs_cdf, dtype=np.float32)}
