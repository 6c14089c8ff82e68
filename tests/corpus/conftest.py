"""The known land, mounted in the engine that the whole test run shares; and ways to read pixels off it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import MOUNT
from tests.corpus.land import CRS, NORTH, PIXEL, SHAPE, WEST, Land, write

ROOT = f"{MOUNT}/corpus"

Read = Callable[..., dict[str, np.ndarray]]

_HIDDEN = -9999.0


@pytest.fixture(scope="session")
def land(engine_session: object, mounted_folder: Path) -> Land:
    """The arrays; their files are the engine's assets under `ROOT`."""
    made = Land()
    write(made, mounted_folder / "corpus")
    return made


@pytest.fixture
def ids(land: Land) -> dict[str, str]:
    """Asset ids of the known land, by the name of what they stand for."""
    names = (
        "S1", "S1_YEARS", "S2", "CLOUD_SCORE", "CLOUD_PROBABILITY", "MONTHLY_RECURRENCE", "GFD", "GSW", "DEM",
        "MERIT", "COVER", "POPULATION", "DISTRICTS",
    )  # fmt: skip
    return {name: f"{ROOT}/{name}" for name in names}


@pytest.fixture
def area(engine_session: object) -> Any:
    """The whole of the land."""
    import ee

    east, south = WEST + PIXEL * SHAPE[1], NORTH - PIXEL * SHAPE[0]
    return ee.Geometry.Rectangle([WEST, south, east, NORTH], CRS, False)


@pytest.fixture
def read(land: Land) -> Read:
    """Read the bands of an image on the land's grid as the client does; NaN where masked."""
    import ee

    def pixels(image: Any, pixel: float = PIXEL) -> dict[str, np.ndarray]:
        shape = (int(SHAPE[0] * PIXEL / pixel), int(SHAPE[1] * PIXEL / pixel))
        grid = {
            "dimensions": {"height": shape[0], "width": shape[1]},
            "affineTransform": {
                "scaleX": pixel, "shearX": 0, "translateX": WEST,
                "shearY": 0, "scaleY": -pixel, "translateY": NORTH,
            },
            "crsCode": CRS,
        }  # fmt: skip
        asked = ee.Image(image).double().unmask(_HIDDEN, False)
        found = ee.data.computePixels({"expression": asked, "fileFormat": "NUMPY_NDARRAY", "grid": grid})
        return {name: np.where(found[name] == _HIDDEN, np.nan, found[name]) for name in found.dtype.names}

    return pixels
