"""What Sentinel-1 sees of a block: sigma0 of its surfaces, wind on the water, speckle and the noise floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.config import WorldConfig
from ee_floods.engine.world.cover import LandCover
from ee_floods.engine.world.fields import Scene
from ee_floods.engine.world.hashing import stream_key, uniforms_of, white_normal
from ee_floods.engine.world.lattice import BLOCK, Block
from ee_floods.engine.world.noise import Octaves, upsample
from ee_floods.engine.world.terrain import Ground

__all__ = ["RadarPass", "speckle"]

Field = NDArray[np.float32]

_MEAN_ANGLE = 38.0
"""Degrees at which the backscatter table holds."""

_LN10_10 = np.float32(np.log(10) / 10)


def speckle(key: int, block: Block, looks: float, kernel: float) -> Field:
    """Return multiplicative speckle of mean 1 for a block, gamma distributed and correlated to neighbours.

    A normal field, summed over 3x3 absolute pixels with weights (k, 1, k), is turned into gamma by the
    cube of Wilson and Hilferty (1931), exact to 0.5 % of the quantiles from 2 looks on.

    Args:
        key: Stream of the pass and polarisation.
        block: Absolute pixels.
        looks: Equivalent number of looks.
        kernel: k.

    Returns:
        `(BLOCK, BLOCK)` float32.
    """
    white = white_normal(key, block.first_row - 1, block.first_col - 1, BLOCK + 2, BLOCK + 2)
    k = np.float32(kernel)
    rows = white[1:-1] + k * (white[:-2] + white[2:])
    field = rows[:, 1:-1] + k * (rows[:, :-2] + rows[:, 2:])
    field *= np.float32(1 / (1 + 2 * kernel**2))
    field *= np.float32(1 / (3 * np.sqrt(looks)))
    field += np.float32(1 - 1 / (9 * looks))
    np.maximum(field, 0, out=field)
    return np.asarray(field * field * field, dtype=np.float32)


class RadarPass:
    """The radar's state during one pass: wind on the water, noise floor and speckle.

    Args:
        config: The world's parameters.
        name: The pass, such as `S1A-44123`: slices of a pass share one state.
    """

    def __init__(self, config: WorldConfig, name: str) -> None:
        self._config = config.radar
        self._keys = {pol: stream_key(config.seed, "speckle", pol, name) for pol in ("VV", "VH")}
        self._noise = Octaves(
            config.seed, [(f"wind-{name}", 28000.0), (f"gust-{name}", 2300.0), (f"puff-{name}", 700.0)]
        )
        u = uniforms_of(config.seed, "pass", name, count=2)
        low, high = config.radar.noise_floor
        self._floor = 10 ** ((low + (high - low) * float(u[0])) / 10)
        self._calm = float(u[1]) * 1.2 - 0.6

    def sigma0(
        self, block: Block, ground: Ground, cover: LandCover, scene: Scene, angle: Field, *, native: bool
    ) -> dict[str, Field]:
        """Return VV and VH in dB, `(BLOCK, BLOCK)` each.

        Args:
            block: Pixels.
            ground: Their ground.
            cover: Their land cover.
            scene: Surfaces at the time of the pass.
            angle: Incidence angle in degrees.
            native: Whether pixels are native; coarser ones have no speckle but the bias that the logarithm
                of speckle has, so that levels agree in the mean.
        """
        c = self._config
        noise = list(self._noise(block.points).values())
        wind = ground.climate["wind"] * (1 + 0.5 * self._calm) + c.wind_spread * noise[0]
        rough, ripple = upsample(np.stack([wind, 0.45 * noise[1] + 0.2 * noise[2]]), block.step)
        # Puffs roughen open water more where there is wind at all.
        rough = np.maximum(rough + ripple * np.clip(rough, 0, 3), 0.0)
        off = angle - np.float32(_MEAN_ANGLE)
        land_slope = np.exp(_LN10_10 * c.land_slope_per_degree * off)
        parcel = np.exp(_LN10_10 * (c.parcel_spread * (cover.parcel - 0.5)))
        wet = np.exp(_LN10_10 * c.moisture_gain * (scene.water.wet - np.float32(0.3)))
        town = np.exp(_LN10_10 * c.urban_texture * (0.4 * cover.texture + 3.2 * (cover.houses - 0.55)))
        texture = np.exp(_LN10_10 * c.texture_spread * cover.texture) * land_slope
        shares = scene.shares
        result = {}
        for i, pol in enumerate(("VV", "VH")):
            p = {
                name: np.float32(10 ** (getattr(c, name)[i] / 10))
                for name in ("forest", "green", "dry", "soil", "sand", "urban", "dark", "flooded_vegetation")
            }
            fields = shares[1] * p["green"] + (shares[2] * p["dry"] + shares[3] * p["soil"]) * wet
            power = shares[0] * p["forest"] + fields * parcel + shares[4] * p["sand"]
            power += shares[5] * p["urban"] * town + shares[6] * p["dark"]
            power += shares[8] * p["flooded_vegetation"]
            power *= texture
            water_db = c.water[i] + c.water_per_wind[i] * rough + c.water_slope_per_degree * off
            power += shares[7] * np.exp(_LN10_10 * water_db)
            result[pol] = self._measured(power, pol, block, native=native)
        return result

    def _measured(self, power: Field, pol: str, block: Block, *, native: bool) -> Field:
        """Speckle on signal and noise, the mean noise taken off as the service does, in dB."""
        floor = np.float32(self._floor)
        looks = self._config.looks
        if native:
            power = (power + floor) * speckle(self._keys[pol], block, looks, self._config.speckle_kernel)
            power -= floor
        result = 10 * np.log10(np.maximum(power, np.float32(self._config.floor_value)))
        if not native:
            # E[ln gamma] = digamma(L) - ln(L) = -1 / (2 L) - 1 / (12 L^2) + ...
            result -= (10 / np.log(10)) * (1 / (2 * looks) + 1 / (12 * looks**2))
        return np.asarray(result, dtype=np.float32)
