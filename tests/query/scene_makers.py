"""Scenes as metadata, for tests of the pairing logic."""

from datetime import UTC, datetime, timedelta

from ee_floods.methods.clouds import CloudCounts
from ee_floods.query.scenes import OpticalScene, RadarScene

BOUNDS = (68.0, 27.0, 68.2, 27.2)
NOON = datetime(2022, 8, 30, 12, tzinfo=UTC)


def box(west, south, east, north, kind="Polygon"):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": kind, "coordinates": [ring] if kind == "Polygon" else ring}


WHOLE = box(67, 26, 69, 28)


def radar(hours=0.0, name=None, *, footprint=WHOLE, direction="ascending", orbit=42, **changes):
    fields = {
        "platform": "S1A",
        "mode": "IW",
        "polarisations": ("VV", "VH"),
        "resolution_m": 10.0,
        **changes,
    }
    return RadarScene(
        id=f"S1/{name or f'r{hours:g}'}",
        time=NOON + timedelta(hours=hours),
        footprint=footprint,
        relative_orbit=orbit,
        direction=direction,
        **fields,
    )


def optical(hours=0.0, name=None, *, cloud=0.1, scored=1.0, observed=1000.0, footprint=WHOLE, orbit=91):
    return OpticalScene(
        id=f"S2/{name or f'o{hours:g}'}",
        time=NOON + timedelta(hours=hours),
        footprint=footprint,
        platform="Sentinel-2A",
        relative_orbit=orbit,
        clouds=CloudCounts(observed, observed * scored, observed * scored * (1 - cloud)),
    )
