"""Finds places and days for the listed events: a river in the box, and a clear pair of scenes near the peak.

`python -m ee_floods.engine.world.siting` writes the `events:` section of `world.yaml` to standard output. Run
it again whenever terrain, orbits or clouds change, or for another seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import math
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from ee_floods.engine.world.config import Event, WorldConfig, load_config
from ee_floods.engine.world.fields import Fields
from ee_floods.engine.world.hashing import uniforms_of
from ee_floods.engine.world.hydrology import days_of, milliseconds
from ee_floods.engine.world.labels import HandLabels
from ee_floods.engine.world.lattice import Lattice, unit_vectors
from ee_floods.engine.world.orbits import DAY_MS
from ee_floods.engine.world.places import Bounds
from ee_floods.engine.world.sentinel1 import Sentinel1
from ee_floods.engine.world.sentinel2 import Sentinel2

__all__ = ["WANTED", "Wanted", "site_event"]

_LOG = logging.getLogger(__name__)

PAIR_HOURS = 40.0
"""Within the 48 hours that pairs are usually asked for."""

CLEAR_SHARE = (0.55, 0.985)
"""Share of the box that must be clear; a little cloud is wanted."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A flood to find a place for: about where, about when, how high (m) and how wide (km)."""

    name: str
    country: str
    biome: str
    lon: float
    lat: float
    day: str
    amplitude: float
    radius_km: float


WANTED = tuple(
    Wanted(*row)
    for row in (
        ("Lower Indus 2022-08", "PAK", "arid_valley", 68.1, 26.9, "2022-08-29", 3.6, 90.0),
        ("Brahmaputra 2020-07", "IND", "monsoon_delta", 93.2, 26.8, "2020-07-16", 3.0, 80.0),
        ("Jamuna 2019-07", "BGD", "monsoon_delta", 89.6, 25.1, "2019-07-20", 2.6, 80.0),
        ("Irrawaddy 2021-08", "MMR", "monsoon_delta", 95.2, 18.9, "2021-08-05", 2.8, 70.0),
        ("Mekong Lowlands 2018-08", "KHM", "monsoon_delta", 105.3, 12.4, "2018-08-04", 2.4, 80.0),
        ("Poyang Plain 2020-07", "CHN", "monsoon_delta", 116.4, 29.3, "2020-07-14", 3.0, 70.0),
        ("Khuzestan Plain 2019-04", "IRN", "arid_valley", 48.6, 31.4, "2019-04-05", 3.2, 70.0),
        ("Amur 2021-06", "RUS", "continental", 128.2, 50.6, "2021-06-24", 3.0, 80.0),
        ("Shabelle 2018-05", "SOM", "arid_valley", 45.1, 4.6, "2018-05-07", 2.6, 60.0),
        ("Middle Niger 2020-09", "NER", "savanna", 3.0, 12.9, "2020-09-05", 2.8, 60.0),
        ("Benue 2022-10", "NGA", "savanna", 8.4, 7.8, "2022-10-10", 3.2, 80.0),
        ("White Volta 2018-09", "GHA", "savanna", -1.1, 10.5, "2018-09-18", 2.4, 60.0),
        ("Sudd Margin 2021-10", "SSD", "savanna", 31.5, 8.2, "2021-10-14", 2.2, 90.0),
        ("Lower Zambezi 2019-03", "MOZ", "savanna", 35.1, -17.8, "2019-03-22", 3.4, 70.0),
        ("Okavango Fringe 2023-02", "NAM", "arid_valley", 18.6, -18.1, "2023-02-16", 2.2, 60.0),
        ("Ebro Reach 2018-04", "ESP", "mediterranean", -1.0, 41.7, "2018-04-14", 2.8, 40.0),
        ("Po Plain 2019-11", "ITA", "mediterranean", 11.3, 44.9, "2019-11-20", 2.6, 40.0),
        ("Lower Rhine 2021-07", "DEU", "temperate", 6.4, 51.7, "2021-07-18", 2.8, 40.0),
        ("Tisza 2020-06", "HUN", "temperate", 20.3, 47.1, "2020-06-26", 2.6, 40.0),
        ("Severn Vale 2020-02", "GBR", "temperate", -2.3, 52.1, "2020-02-20", 2.6, 35.0),
        ("Pripyat 2018-04", "BLR", "continental", 27.9, 52.1, "2018-04-10", 2.4, 70.0),
        ("Middle Missouri 2019-03", "USA", "continental", -95.9, 41.2, "2019-03-20", 3.2, 70.0),
        ("Arkansas River 2019-05", "USA", "temperate", -94.6, 35.4, "2019-05-27", 3.0, 60.0),
        ("Red River North 2020-04", "CAN", "continental", -97.2, 49.6, "2020-04-14", 2.6, 60.0),
        ("Grijalva Lowlands 2020-11", "MEX", "monsoon_delta", -92.8, 17.9, "2020-11-12", 2.8, 60.0),
        ("Mamore 2018-02", "BOL", "rainforest", -64.9, -14.3, "2018-02-15", 2.6, 80.0),
        ("Middle Amazon 2021-06", "BRA", "rainforest", -58.6, -3.0, "2021-06-02", 2.4, 90.0),
        ("Lower Paraguay 2018-10", "PRY", "savanna", -57.8, -23.9, "2018-10-31", 2.6, 70.0),
        ("Salado Pampa 2017-10", "ARG", "temperate", -60.4, -35.2, "2017-10-05", 2.0, 80.0),
        ("Clarence Valley 2022-03", "AUS", "temperate", 152.8, -29.6, "2022-03-02", 3.0, 50.0),
        ("Fitzroy Kimberley 2023-01", "AUS", "arid_valley", 124.9, -18.2, "2023-01-06", 3.4, 80.0),
        ("Waikato 2023-02", "NZL", "temperate", 175.2, -37.6, "2023-02-14", 2.4, 35.0),
    )
)  # fmt: skip


def site_event(wanted: Wanted, config: WorldConfig) -> Event | None:
    """Return the event with a box that holds a flooded river and a peak that has a clear pair, or None.

    Args:
        wanted: What is looked for; its place may move by half a degree, its day by five weeks.
        config: The world; its own events are put aside.
    """
    u = uniforms_of(config.seed, "siting", wanted.name, count=3)
    size = 0.15 + 0.07 * float(u[0])
    target = 0.13 + 0.27 * float(u[1])
    day = datetime.fromisoformat(wanted.day).replace(hour=4, tzinfo=UTC)
    offsets = [(dx, dy) for dy in np.arange(-2, 3) * 0.2 for dx in np.arange(-2, 3) * 0.2]
    ranked = []
    for dx, dy in offsets:
        event = _event(wanted, wanted.lon + dx, wanted.lat + dy, size, day)
        normal, flooded = _water_shares(event, dataclasses.replace(config, events=(event,)))
        # A main river, but no lake, in the box.
        penalty = (normal < 0.008) + 3 * max(normal - 0.12, 0)
        ranked.append((abs(flooded - target) + penalty, dx, dy))
    for _, dx, dy in sorted(ranked)[:6]:
        for peak in _peaks(day):
            event = _event(wanted, wanted.lon + dx, wanted.lat + dy, size, peak)
            if _has_pair(event, dataclasses.replace(config, events=(event,))):
                return event
    return None


def _peaks(day: datetime) -> Iterator[datetime]:
    """Days nearest to the wanted one first, within five weeks."""
    for k in range(0, 71):
        yield day + timedelta(days=(k + 1) // 2 * (1 if k % 2 else -1))


def _event(wanted: Wanted, lon: float, lat: float, size: float, peak: datetime) -> Event:
    width = min(size / math.cos(math.radians(lat)), 0.25)
    x, y = round(float(lon - width / 2), 3), round(float(lat - size / 2), 3)
    box = (x, y, round(x + width, 3), round(y + size, 3))
    return Event(
        id=wanted.name.lower().replace(" ", "-"),
        name=f"SIMULATED {wanted.name}",
        country=wanted.country,
        biome=wanted.biome,
        box=box,
        start=(peak - timedelta(days=6)).date().isoformat(),
        end=(peak + timedelta(days=18)).date().isoformat(),
        peak=peak.strftime("%Y-%m-%dT%H:%M:%SZ"),
        amplitude=wanted.amplitude,
        radius_km=wanted.radius_km,
    )


def _water_shares(event: Event, config: WorldConfig) -> tuple[float, float]:
    """Share of an event's box under water long before the peak and at the peak, at 0.0016 degree."""
    fields = Fields(config)
    lattice = Lattice("EPSG:4326", 0.0016)
    west, south, east, north = event.box
    peak = days_of(milliseconds(event.peak))
    totals = np.zeros(3)
    side = 120 * lattice.pixel
    for row in range(math.floor(-north / side), math.floor(-south / side) + 1):
        for col in range(math.floor(west / side), math.floor(east / side) + 1):
            block = lattice.block(row, col)
            lon, lat = block.node_lonlat(1)
            inside = (lon >= west) & (lon < east) & (lat >= south) & (lat < north)
            if not inside.any():
                continue
            ground = fields.terrain.ground(block)
            for i, day in enumerate((peak - 60, peak)):
                totals[i] += float(fields.water(block, ground, day).fraction[inside].sum())
            totals[2] += inside.sum()
    return float(totals[0] / totals[2]), float(totals[1] / totals[2])


def _has_pair(event: Event, config: WorldConfig) -> bool:
    """Whether the labeller's scene is clear, near the peak and near a radar pass over the whole box."""
    fields = Fields(config)
    sentinel2 = Sentinel2(fields)
    labels = HandLabels(fields, sentinel2)
    scene = labels.scene(event)
    peak = milliseconds(event.peak)
    if scene is None or not -0.5 * DAY_MS <= scene.time_ms - peak <= 2.5 * DAY_MS:
        return False
    if not CLEAR_SHARE[0] <= labels.clear_share(event, scene) <= CLEAR_SHARE[1]:
        return False
    reach = PAIR_HOURS * 3_600_000
    slices = Sentinel1(fields).find(Bounds.of(event.box), scene.time_ms - reach, scene.time_ms + reach, 5000)
    west, south, east, north = event.box
    corners = unit_vectors(np.array([west, east, east, west]), np.array([south, south, north, north]))
    return any(bool(item.swath().inside(corners).all()) for item in slices or ())


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    config = load_config(seed=arguments.seed)
    sys.stdout.write("events:\n")
    for wanted in WANTED:
        event = site_event(wanted, config)
        if event is None:
            _LOG.warning("no place for %s", wanted.name)
            continue
        fields = dataclasses.asdict(event) | {"box": list(event.box)}
        lines = ", ".join(f"{key}: {_yaml(value)}" for key, value in fields.items())
        sys.stdout.write(f"  - {{{lines}}}\n")
        sys.stdout.flush()


def _yaml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    logging.basicConfig()
    _main()
