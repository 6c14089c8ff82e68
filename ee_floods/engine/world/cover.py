"""Land cover: which share of a pixel is forest, crop, soil, sand, town or tarmac, and what water leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.config import WorldConfig
from ee_floods.engine.world.hashing import stream_key, uniform
from ee_floods.engine.world.lattice import EARTH_RADIUS, Block
from ee_floods.engine.world.noise import Octaves, upsample
from ee_floods.engine.world.terrain import Ground

__all__ = ["SURFACES", "Cover", "LandCover", "Water", "surfaces"]

Field = NDArray[np.float32]

SURFACES = ("forest", "green", "dry", "soil", "sand", "urban", "dark", "water", "flooded_vegetation")
"""The surfaces that a pixel is a mixture of."""

_DISTRICT = 0.5
"""Degrees; within a district all fields have one direction."""

_PARCEL = (310.0, 170.0)
"""Length and width of a field in m: 5 ha, between smallholder plots and prairie quarters."""

_HOUSES = 32.0
"""Side of a block of houses in m."""

_SHORE_FREE = 0.35
"""m above drainage below which nothing but bare bank grows or is built."""


@dataclass(frozen=True)
class LandCover:
    """Shares 0..1 of a block's pixels, `(BLOCK, BLOCK)` float32; what forest, urban and dark leave is open.

    Args:
        forest: Trees.
        urban: Built-up.
        dark: Tarmac and smooth bare ground, dark to radar.
        vegetated: Share of the open land that can be green.
        sand: Share of the unvegetated open land that is dry sand.
        parcel: 0..1, one number for each field.
        tall: 0..1, how tall the crop stands.
        texture: Mean 0, variance 1, over some hundred m.
        houses: 0..1, one number for each block of houses.
        growth: Cosine and sine of the growing season, one pair for the block.
    """

    forest: Field
    urban: Field
    dark: Field
    vegetated: Field
    sand: Field
    parcel: Field
    tall: Field
    texture: Field
    houses: Field
    growth: tuple[float, float]


@dataclass(frozen=True)
class Water:
    """Water of one block at one time, `(BLOCK, BLOCK)` float32.

    Args:
        fraction: Share of the pixel under water, 0..1.
        depth: m.
        wet: Saturation of the soil beside it, 0..1.
    """

    fraction: Field
    depth: Field
    wet: Field


class Cover:
    """Computes land cover of blocks."""

    def __init__(self, config: WorldConfig) -> None:
        names = [("forest", 2600.0), ("forest-2", 720.0), ("forest-3", 300.0), ("urban", 7000.0),
                 ("urban-2", 900.0), ("dark", 3100.0), ("dark-2", 520.0), ("bare", 1700.0), ("sand", 5200.0),
                 ("crop", 3600.0), ("texture", 420.0)]  # fmt: skip
        self._noise = Octaves(config.seed, [(f"cover-{n}", w) for n, w in names])
        self._parcel_key = stream_key(config.seed, "parcel")
        self._houses_key = stream_key(config.seed, "houses")
        self._district_key = stream_key(config.seed, "district")

    def cover(self, block: Block, ground: Ground) -> LandCover:
        """Return the land cover of a block."""
        from scipy.special import ndtri

        n = {name.removeprefix("cover-"): field for name, field in self._noise(block.points).items()}
        c = ground.climate

        def threshold(name: str) -> Field:
            return np.asarray(-ndtri(np.clip(c[name], 1e-4, 0.999)), dtype=np.float32)

        nodes = np.stack(
            [
                0.72 * n["forest"] + 0.55 * n["forest-2"] + 0.42 * n["forest-3"] - threshold("forest"),
                0.75 * n["urban"] + 0.66 * n["urban-2"] - threshold("urban"),
                0.66 * n["dark"] + 0.75 * n["dark-2"] - threshold("dark"),
                n["crop"] - threshold("parcels"),
                c["green"] + 0.16 * n["bare"],
                c["sand"] + 0.22 * n["sand"],
                n["texture"],
            ]
        )
        forest, urban, dark, crop, green, sand, texture = upsample(nodes, block.step)
        land = np.clip((ground.hand - _SHORE_FREE) / 0.4, 0, 1)
        # Plains are cleared for crops; a belt of trees follows the banks.
        belt = np.exp(-((ground.river_distance / 110) ** 2)) * np.clip(texture + 0.6, 0, 1)
        forest = _soft(forest - 0.25 * ground.plain + 0.8 * belt, 0.3) * land
        urban = _soft(urban, 0.35) * land
        dark = _soft(dark, 0.25) * land * (1 - urban)
        forest *= (1 - urban) * (1 - dark)
        first, second, houses = self._parcels(block)
        crop = (crop > 0).astype(np.float32)
        vegetated = np.clip(green + crop * 1.1 * (first - 0.5) + 0.12 * (1 - crop) * texture, 0, 1)
        bank = np.clip((ground.hand + 0.2) / 0.8, 0, 1)
        tall = crop * np.clip(second * 2.2 - 1.1, 0, 1)
        middle = (float(c["season_cos"].mean()), float(c["season_sin"].mean()))
        size = math.hypot(*middle) + 1e-6
        return LandCover(
            forest=np.asarray(forest, dtype=np.float32),
            urban=np.asarray(urban, dtype=np.float32),
            dark=np.asarray(dark, dtype=np.float32),
            vegetated=np.asarray(vegetated * bank, dtype=np.float32),
            sand=np.asarray(np.clip(sand, 0, 1), dtype=np.float32),
            parcel=first,
            tall=np.asarray(tall, dtype=np.float32),
            texture=texture,
            houses=houses,
            growth=(middle[0] / size, middle[1] / size),
        )

    def _parcels(self, block: Block) -> tuple[Field, Field, Field]:
        """Two numbers in 0..1 for the field that each pixel belongs to, and one for its block of houses."""
        lon, lat = block.lonlat
        # Interpolated relative to a corner: float32 keeps centimetres over a block's few km.
        lon0, lat0 = float(lon[0, 0]), float(lat[0, 0])
        turned = (lon - lon0 + 180) % 360 - 180
        offsets = upsample(np.stack([turned, lat - lat0]).astype(np.float32), block.step)
        lon_p, lat_p = offsets[0] + lon0, offsets[1].astype(np.float64) + lat0
        column, row = _districts(lon_p), _districts(lat_p)
        x = np.radians(lon_p - column * _DISTRICT) * np.cos(np.radians((row + 0.5) * _DISTRICT))
        y = np.radians(lat_p - row * _DISTRICT)
        column %= round(360 / _DISTRICT)
        turn = uniform(self._district_key, row, column) * np.pi / 2
        cos, sin = np.cos(turn) * EARTH_RADIUS, np.sin(turn) * EARTH_RADIUS
        along, across = x * cos + y * sin, y * cos - x * sin
        i = np.floor(along / _PARCEL[0]).astype(np.int64)
        j = np.floor(across / _PARCEL[1]).astype(np.int64)
        district = row * 1000 + column
        first = _drawn(self._parcel_key, i, j, district)
        second = (first * 4096) % 1  # lower bits of the same draw are as good as a second one
        streets = [np.floor(a / _HOUSES).astype(np.int64) for a in (along, across)]
        houses = _drawn(self._houses_key, *streets)
        return first.astype(np.float32), second.astype(np.float32), houses.astype(np.float32)


def _districts(degrees: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the number of each pixel's district along an axis; `(1, 1)` where it is one for all."""
    ends = np.array([[degrees.min()], [degrees.max()]])
    first, last = np.floor(ends / _DISTRICT)
    return np.floor((ends[:1] if first == last else degrees) / _DISTRICT).astype(np.int64)


def _drawn(
    key: int, i: NDArray[np.int64], j: NDArray[np.int64], *others: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return `uniform(key, i, j, *others)`, drawn once for each cell where pixels share cells."""
    low_i, low_j = int(i.min()), int(j.min())
    rows, cols = int(i.max()) - low_i + 1, int(j.max()) - low_j + 1
    if rows * cols * 2 > i.size or any(other.size > 1 for other in others):
        return uniform(key, i, j, *others)
    across = np.arange(low_j, low_j + cols)[None, :]
    table = uniform(key, np.arange(low_i, low_i + rows)[:, None], across, *others)
    return np.asarray(table.ravel().take((i - low_i) * cols + (j - low_j)))


def surfaces(cover: LandCover, water: Water, days: float) -> Field:
    """Return the share of each of `SURFACES`, `(9, BLOCK, BLOCK)` float32, summing to 1.

    Args:
        cover: Land cover of a block.
        water: Its water at this time.
        days: Days since 1970.
    """
    angle = 2 * math.pi * (days - 25) / 365.25  # green follows the wet season by some weeks
    season = 0.72 + 0.28 * (cover.growth[0] * math.cos(angle) + cover.growth[1] * math.sin(angle))
    open_land = 1 - cover.forest - cover.urban - cover.dark
    green = cover.vegetated * np.float32(season)
    bare = 1 - cover.vegetated
    bare_land = open_land * bare
    out = np.empty((len(SURFACES), *water.fraction.shape), dtype=np.float32)
    out[0] = cover.forest
    np.multiply(open_land, green, out=out[1])
    np.multiply(open_land, cover.vegetated - green, out=out[2])
    np.multiply(bare_land, 1 - cover.sand, out=out[3])
    np.multiply(bare_land, cover.sand, out=out[4])
    out[5], out[6] = cover.urban, cover.dark
    # Trees always stand out of the water, a tall crop while it is shallower than the crop is high.
    emergent = 0.92 * cover.forest + out[1] * cover.tall * np.clip(1.4 - water.depth, 0, 1)
    out[:7] *= 1 - water.fraction
    out[8] = water.fraction * emergent
    out[7] = water.fraction - out[8]
    return out


def _soft(field: Field, width: float) -> Field:
    """Smooth step from 0 to 1 over `width` around 0."""
    t = np.clip(field / np.float32(width) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
