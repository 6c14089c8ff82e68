"""Terrain as a function of rivers: height above drainage, elevation and the channel itself, per block.

This version takes the zero lines of smooth noise for rivers: a large field for main rivers, a smaller one
for tributaries. Distance to a river decides the profile of bed, bank, levee, floodplain and hillside;
scrolls, oxbows and relief roughen it. A river network may replace `_river_distances` alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.climate import Climate
from ee_floods.engine.world.config import WorldConfig
from ee_floods.engine.world.lattice import BLOCK, EARTH_RADIUS, Block, unit_vectors
from ee_floods.engine.world.noise import Octaves, upsample

__all__ = ["Ground", "Terrain"]

Field = NDArray[np.float32]

_GRADIENT_STEP = 120.0
"""m between the points whose difference gives the slope of a river field."""

_GRADIENT_FLOOR = 0.35
"""Share of the typical slope of a river field below which distance stops growing: rivers widen there."""

_FINE_WAVELENGTH = 130.0
_FINE_SHARE = 0.16
"""Smallest relief: its wavelength in m and its share of the biome's relief."""


@dataclass(frozen=True)
class Ground:
    """The unchanging ground of one block; arrays are `(BLOCK, BLOCK)` float32 unless said otherwise.

    Args:
        hand: Height above the normal water level of the nearest drainage in m; below 0 in channels.
        spread: Range of `hand` inside a pixel in m, at least 0.05.
        elevation: m above sea level.
        river_distance: m to the bank of the nearest channel, negative inside.
        plain: 0..1, 1 on the floodplain.
        climate: Biome parameters at the block's nodes, `(m, m)`.
    """

    hand: Field
    spread: Field
    elevation: Field
    river_distance: Field
    plain: Field
    climate: dict[str, Field]


class Terrain:
    """Computes the ground of blocks."""

    def __init__(self, config: WorldConfig, climate: Climate) -> None:
        r = config.relief
        self._relief = r
        self._climate = climate
        seed = config.seed
        warp = [(f"warp-{o}-{axis}", r.meander_wavelengths[o]) for o in (0, 1) for axis in "xyz"]
        fields = [
            *warp,
            ("base", r.base_wavelength),
            ("base-small", r.base_wavelength / 5),
            ("relief-900", 900.0),
            ("relief-360", 360.0),
            ("hill-large", 4200.0),
            ("hill-small", 1300.0),
            ("oxbow", 1500.0),
            ("oxbow-gate", 2600.0),
            ("width", 9000.0),
            ("brook-gate", 4500.0),
        ]
        self._smooth = Octaves(seed, fields)
        main, small = r.main_river_wavelength, r.tributary_wavelength
        rivers = [("main", main), ("main-2", main / 2.6), ("brook", small), ("brook-2", small / 2.3)]
        self._rivers = Octaves(seed, rivers)
        self._fine = Octaves(seed, [("relief-130", _FINE_WAVELENGTH)])

    def ground(self, block: Block) -> Ground:
        """Return the ground of a block."""
        r = self._relief
        climate = self._climate.at(block.vectors)
        smooth = self._smooth(block.points)
        main, brook = self._river_distances(block, smooth)
        width = climate["channel_half_width"] * np.exp(0.35 * smooth["width"])
        plain_width = climate["floodplain"] * np.exp(0.3 * smooth["width"])
        relief = climate["relief"] * (0.75 * smooth["relief-900"] + 0.5 * smooth["relief-360"])
        hill = 2.2 + 0.9 * smooth["hill-large"] + 0.5 * smooth["hill-small"]
        base = 3 * r.base_height + r.base_height * (smooth["base"] + 0.3 * smooth["base-small"])
        old = main + 3.2 * climate["channel_half_width"] * (smooth["oxbow"] + 0.6)
        stack = np.stack(
            [main, brook, smooth["brook-gate"], width, plain_width, relief, np.maximum(hill, 0.1), base, old,
             smooth["oxbow-gate"], climate["bank"], climate["plain_rise"], climate["slope"],
             climate["relief"]]
        )  # fmt: skip
        (
            d_main,
            d_brook,
            spring,
            width,
            plain_width,
            relief,
            hill,
            base,
            old,
            gate,
            bank,
            rise,
            slope,
            rough,
        ) = upsample(stack, block.step)
        if block.lattice.metres <= _FINE_WAVELENGTH / 3:
            relief += _FINE_SHARE * rough * self._fine_relief(block)

        away = np.abs(d_main) - width
        out = np.maximum(away, 0)
        beyond = np.maximum(out - plain_width, 0)
        share = np.minimum(out / plain_width, 1)
        plain = np.clip(1.15 - out / plain_width, 0, 1)
        # The bank is a few tens of m wide; behind the levee lies the lower backswamp.
        shore = 1 - np.exp(-out / 25)
        levee = r.levee_height * np.exp(-(((out - r.levee_width) / r.levee_width) ** 2))
        scroll = np.sin(out * (2 * np.pi / r.scroll_spacing) + 2.5 * gate)
        scroll *= r.scroll_height * np.exp(-out / (9 * r.scroll_spacing)) * (out > 0)
        dip = r.oxbow_depth * np.exp(-((old / 45) ** 2)) * np.clip(1.5 * gate, 0, 1) * plain
        rough_share = 1 - 0.55 * np.exp(-out / 150)
        hill_height = slope * hill * beyond
        surface = bank * shore + levee + rise * share**1.4 + rough_share * relief + (scroll - dip) * shore
        surface += hill_height
        hand_main = surface
        if (away <= 0).any():  # few blocks have a main river in them
            depth = -0.9 - 2.6 * np.clip(-away / width, 0, 1) ** 0.5
            # Wide rivers braid: bars stand out at normal stage and drown first.
            bars = np.clip(relief / rough - 0.35, 0, 1.3) * np.clip(width / 120 - 0.9, 0, 1)
            depth += 3.2 * bars * np.clip(-away / 60, 0, 1)
            hand_main = np.where(away > 0, surface, depth)

        # Brooks lie in narrow cut valleys, so that a flood on them stays narrow.
        brook_width = r.tributary_half_width * np.clip(0.6 + width / 120, 0.5, 2.0)
        brook_away = np.abs(d_brook) - brook_width
        brook_out = np.maximum(brook_away, 0)
        brook_plain = r.tributary_plain
        brook_surface = 0.8 * (1 - np.exp(-brook_out / 18)) + 1.2 * np.minimum(brook_out / brook_plain, 1)
        brook_surface += (0.004 + 1.4 * slope * hill) * np.maximum(brook_out - brook_plain, 0)
        brook_surface += 0.35 * relief + 0.25
        brook_depth = -0.5 - 0.9 * np.clip(-brook_away / brook_width, 0, 1)
        # On the plain itself brooks are shallow ditches that fade out.
        fade = np.clip(share * 1.6, 0.0, 1)
        hand_brook = np.where(brook_away > 0, brook_surface, brook_depth + 0.6 * (1 - fade))
        # Brooks have springs: along a zero line some reaches are dry hollows.
        hand_brook += (1 - fade) * 4 + 9 * np.clip(-0.3 - spring, 0, 1)
        hand = np.minimum(hand_main, hand_brook)

        across = np.abs(np.gradient(hand, axis=0)) + np.abs(np.gradient(hand, axis=1))
        spread = np.clip(across, 0.05, None)
        if block.lattice.metres > _FINE_WAVELENGTH / 3:
            spread += 2 * _FINE_SHARE * rough
        elevation = base + hand + 0.25 * hill_height
        distance = np.minimum(away, np.where(fade > 0.2, brook_away, 1e4))
        return Ground(
            hand=np.asarray(hand, dtype=np.float32),
            spread=np.asarray(spread, dtype=np.float32),
            elevation=np.asarray(elevation, dtype=np.float32),
            river_distance=np.asarray(distance, dtype=np.float32),
            plain=np.asarray(plain, dtype=np.float32),
            climate=climate,
        )

    def _river_distances(self, block: Block, smooth: dict[str, Field]) -> tuple[Field, Field]:
        """Return signed distances in m to main rivers and to tributaries at the block's nodes."""
        warp = np.zeros_like(block.points)
        for o, amplitude in enumerate(self._relief.meander_amplitudes):
            for axis, name in enumerate("xyz"):
                warp[..., axis] += amplitude * smooth[f"warp-{o}-{name}"]
        points = block.points + warp
        east, north = _tangents(block.vectors)
        trio = np.stack([points, points + _GRADIENT_STEP * east, points + _GRADIENT_STEP * north])
        fields = self._rivers(trio)
        main = fields["main"] + 0.22 * fields["main-2"]
        brook = fields["brook"] + 0.3 * fields["brook-2"]
        relief = self._relief
        return (
            _distance(main, relief.main_river_wavelength),
            _distance(brook, relief.tributary_wavelength),
        )

    def _fine_relief(self, block: Block) -> Field:
        lon, lat = block.node_lonlat(block.fine_step)
        nodes = self._fine(unit_vectors(lon, lat) * EARTH_RADIUS)["relief-130"]
        fine = upsample(nodes, block.fine_step)
        assert fine.shape == (BLOCK, BLOCK)
        return fine


def _distance(trio: Field, wavelength: float) -> Field:
    """Distance in m to the zero line of a field given at a point and one step east and north of it."""
    east = (trio[1] - trio[0]) / np.float32(_GRADIENT_STEP)
    north = (trio[2] - trio[0]) / np.float32(_GRADIENT_STEP)
    typical = 2.4 / wavelength
    slope = np.sqrt(east**2 + north**2 + np.float32((_GRADIENT_FLOOR * typical) ** 2))
    return np.asarray(trio[0] / slope, dtype=np.float32)


def _tangents(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors pointing east and north at places on the sphere."""
    flat = np.hypot(vectors[..., 0], vectors[..., 1]) + 1e-12
    east = np.stack([-vectors[..., 1] / flat, vectors[..., 0] / flat, np.zeros_like(flat)], axis=-1)
    return east, np.cross(vectors, east)
