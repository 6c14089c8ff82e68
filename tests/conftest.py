"""Fixtures that several rooms share: a local engine, and a small stored image whose every pixel is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ee_floods.grid import Grid

MOUNT = "projects/local/assets/tests"
STORED_ID = f"{MOUNT}/stored"
STORED_GRID = Grid("EPSG:32633", (10.0, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0), (64, 96))
"""The grid of `STORED_ID`."""


def stored_bands() -> dict[str, np.ndarray]:
    """Return the float32 bands of `STORED_ID`; NaN is masked, and the two masks differ."""
    rows, columns = np.mgrid[: STORED_GRID.height, : STORED_GRID.width].astype(np.float32)
    vv = (-25 + rows / 8 + columns / 16).astype(np.float32)
    vh = (-30 + rows * columns / 512).astype(np.float32)
    vv[10:20, 30:50] = np.nan
    vh[:, 90:] = np.nan
    vv[0, 0] = 0.0  # a legal dB, which a default of 0 would have hidden
    return {"VV": vv, "VH": vh}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--record [FILE]`, with `-m ee`: write how the real service and the local engine compare."""
    parser.addoption(
        "--record",
        nargs="?",
        const="parity.json",
        metavar="FILE",
        help="with -m ee: write a JSON report that compares the real service with the local engine",
    )


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for an engine is marked `engine`, so that `make check` can leave it out."""
    for item in items:
        if {"engine_session", "local_engine"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("engine")


@pytest.fixture(scope="session")
def mounted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of GeoTIFFs that the engine of `engine_session` serves as `MOUNT`."""
    import rasterio
    from affine import Affine

    folder = tmp_path_factory.mktemp("mounted") / "tests"
    folder.mkdir()
    bands = stored_bands()
    with rasterio.open(
        folder / "stored.tif",
        "w",
        driver="GTiff",
        dtype="float32",
        count=len(bands),
        height=STORED_GRID.height,
        width=STORED_GRID.width,
        crs=STORED_GRID.crs,
        transform=Affine(*STORED_GRID.transform),
        nodata=np.nan,
    ) as dataset:
        for index, (name, values) in enumerate(bands.items(), 1):
            dataset.write(values, index)
            dataset.set_band_description(index, name)
    return folder


@pytest.fixture(scope="session")
def engine_session(tmp_path_factory: pytest.TempPathFactory, mounted_folder: Path) -> Iterator[object]:
    """A session with a local engine of its own, open for the whole test run."""
    from ee_floods.session import connect

    with connect(
        engine="local",
        state=tmp_path_factory.mktemp("engine"),
        mounts={MOUNT: mounted_folder},
        replace=True,
    ) as session:
        yield session
