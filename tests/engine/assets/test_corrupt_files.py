"""Files that were cut short or damaged on the way: an import of one fails with words, and only it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import encode_example, write_records
from ee_floods.engine.assets.tilesets import read_geotiffs, read_tfrecords
from ee_floods.engine.errors import EngineError
from ee_floods.engine.foreseen import FAILURES, failure
from ee_floods.engine.memory import bounded_memory
from ee_floods.grid import Grid

ASKED = int(os.environ.get("EE_FLOODS_FUZZ", "0"))
GRID = Grid("EPSG:32642", (10, 0, 500000, 0, -10, 3000000), (16, 16))
VALUES = np.random.default_rng(0).integers(0, 200, (16, 16)).astype(np.uint8)
THOROUGH = settings(
    max_examples=ASKED or 60,
    derandomize=not ASKED,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def damaged(content: bytes, random: Random) -> bytes:
    """The file cut short, with flipped bytes, with a part repeated, or with zeros in it."""
    kind, at = random.randrange(4), random.randrange(len(content))
    if kind == 0:
        return content[:at]
    if kind == 1:
        changed = bytearray(content)
        for _ in range(random.randint(1, 8)):
            changed[random.randrange(len(changed))] = random.randrange(256)
        return bytes(changed)
    if kind == 2:
        return content[:at] + content[max(at - 20, 0) :]
    return content[:at] + bytes(min(16, len(content) - at)) + content[at + 16 :]


def scratch(grid: Grid, dtype: str) -> Any:
    return np.zeros(grid.shape, dtype)


def stored(path: Path) -> Any:
    return SimpleNamespace(path=path, name=path.name)


def outcome(read: Callable[[], Any]) -> Any:
    """What was read, or the words of the error; anything else is an error of the engine."""
    with bounded_memory(512 * 1024**2):
        try:
            return read()
        except EngineError as error:
            return error.message
        except FAILURES as error:
            return failure(error).message


@pytest.fixture(scope="module")
def geotiff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.tif"
    with rasterio.open(path, "w", driver="GTiff", width=16, height=16, count=1, dtype="uint8", crs=GRID.crs,
                       transform=Affine(*GRID.transform), compress="deflate") as dataset:  # fmt: skip
        dataset.write(VALUES, 1)
    return path


def test_whole_geotiff_is_read(geotiff: Path) -> None:
    (band,) = outcome(lambda: read_geotiffs([stored(geotiff)], None, scratch))
    np.testing.assert_array_equal(band.values, VALUES)


@given(seed=st.integers(0, 2**63))
@THOROUGH
def test_damaged_geotiff_is_refused_with_words_or_read(geotiff: Path, seed: int) -> None:
    path = geotiff.with_name(f"{seed}.tif")
    path.write_bytes(damaged(geotiff.read_bytes(), Random(seed)))
    found = outcome(lambda: read_geotiffs([stored(path)], None, scratch))
    path.unlink()
    assert found if isinstance(found, str) else len(found) >= 1


@given(seed=st.integers(0, 2**63))
@THOROUGH
def test_damaged_tfrecord_or_mixer_is_refused_with_words(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder, random = tmp_path_factory.mktemp("records"), Random(seed)
    records, mixer = folder / "a.tfrecord", folder / "a-mixer.json"
    patches = [VALUES[:8, :8], VALUES[:8, 8:], VALUES[8:, :8], VALUES[8:, 8:]]
    write_records(records, [encode_example({"b": patch.ravel().astype(np.float32)}) for patch in patches])
    mixer.write_text(Mixer(GRID, (8, 8)).to_json())
    target = random.choice((records, mixer))
    target.write_bytes(damaged(target.read_bytes(), random))
    found = outcome(lambda: read_tfrecords([stored(records)], stored(mixer), None, scratch))
    if isinstance(found, str):
        assert found.strip()
    elif target is records:  # the records carry checksums: what could be read is what was written
        np.testing.assert_array_equal(found[0].values, VALUES)
