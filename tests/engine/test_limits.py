"""The service's limits, each with its words; `Limits.none()` lifts them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import ee
import numpy as np
import pytest

from ee_floods.engine.deep import deeply
from ee_floods.engine.errors import EngineError
from ee_floods.engine.evaluator import BandInfo
from ee_floods.engine.export.grids import check_request
from ee_floods.engine.limits import Limits
from ee_floods.engine.memory import bounded_memory
from ee_floods.engine.server.pool import WorkerPool
from ee_floods.engine.worker_options import WorkerOptions
from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench
from tests.engine.random_graphs import call, constant

FREE = Limits.none()


def refused(function: Any, *arguments: Any) -> str:
    with pytest.raises(EngineError) as caught:
        function(*arguments)
    assert caught.value.code == 400
    return caught.value.message


def sized(width: int, height: int) -> Grid:
    return Grid(UTM.crs, UTM.transform, (height, width))


def floats(count: int) -> tuple[BandInfo, ...]:
    return tuple(BandInfo(f"b{k}", "float32", {}) for k in range(count))


def test_five_thousand_elements_in_one_answer(client: None) -> None:
    def points(count: int) -> Any:
        return ee.FeatureCollection(ee.List.sequence(1, count).map(lambda k: ee.Feature(None, {"k": k})))

    words = "Collection query aborted after accumulating over 5000 elements."
    assert words in refused(Bench().value, points(5001))
    assert len(Bench().value(points(5000))["features"]) == 5000
    assert len(Bench(FREE).value(points(5001))["features"]) == 5001


def test_forty_eight_mebibytes_of_pixels_and_masks() -> None:
    # 4 bytes and one of mask: 10,485,760 pixels of five bytes are 50 MiB.
    grid = sized(4096, 2560)
    assert refused(check_request, grid, floats(1), Limits()) == (
        "Total request size (52428800 bytes) must be less than or equal to 50331648 bytes."
    )
    check_request(sized(4096, 2457), floats(1), Limits())
    check_request(grid, floats(1), FREE)


def test_32768_pixels_a_side() -> None:
    assert refused(check_request, sized(40818, 1), floats(1), Limits()) == (
        "Pixel grid dimensions (40818x1) must be less than or equal to 32768."
    )
    check_request(sized(32768, 1), floats(1), Limits())
    check_request(sized(40818, 1), floats(1), FREE)


def test_1024_bands() -> None:
    assert "(1025) must be less than or equal to 1024" in refused(
        check_request, sized(1, 1), floats(1025), Limits()
    )
    check_request(sized(1, 1), floats(1024), Limits())
    check_request(sized(1, 1), floats(1025), FREE)


def test_ten_million_pixels_of_a_region(client: None) -> None:
    # 40 km at 10 m: 4000 x 4000 pixels.
    box = ee.Geometry.Rectangle([480000, 2980000, 520000, 3020000], UTM.crs, False)
    sums = ee.Image(1).reduceRegion(ee.Reducer.count(), box, 10, UTM.crs)
    assert refused(Bench().value, sums).startswith(
        "Image.reduceRegion: Too many pixels in the region. Found 16000000, "
        "but maxPixels allows only 10000000.\n"
    )
    coarse = ee.Image(1).reduceRegion(ee.Reducer.count(), box, 10, UTM.crs, maxPixels=1e5, bestEffort=True)
    assert 25_000 < Bench().value(coarse)["constant"] <= 100_000


def test_pixels_of_an_array_answer(client: None) -> None:
    box = ee.Geometry.Rectangle(
        [500000, 3000000, 505130, 3005130], UTM.crs, False
    )  # 513 x 513 pixels of 10 m
    sample = ee.Image(1).reproject(UTM.crs, None, 10).sampleRectangle(box)
    assert refused(Bench().value, sample) == (
        "Image.sampleRectangle: Too many pixels in sample; must be <= 262144. Got 263169."
    )
    assert np.shape(Bench(FREE).value(sample)["properties"]["constant"]) == (513, 513)


@pytest.mark.parametrize("hungry", [
    lambda: ee.Array.identity(100_000),
    lambda: ee.List.repeat(1, 2_000_000_000),
    lambda: ee.List.sequence(0, 1e9),
])  # fmt: skip
def test_graph_that_needs_too_much_memory_fails_alone(client: None, hungry: Any) -> None:
    bench, graph = Bench(), hungry()

    def asked() -> str:  # in a deep thread, as in a worker: the stack is not counted
        with bounded_memory(256 * 1024**2):
            return refused(bench.value, graph)

    assert "User memory limit exceeded." in deeply(asked)
    assert bench.value(ee.Number(1)) == 1


def test_computation_that_takes_too_long_is_ended_and_the_next_one_is_answered(tmp_path: Path) -> None:
    # A hundred thousand sums of lists of a hundred thousand.
    values = {
        "items": call("List.sequence", start=constant(1), end=constant(100_000)),
        "sum": call("Number.add", left={"argumentReference": "outer"}, right={"argumentReference": "inner"}),
        "add": {"functionDefinitionValue": {"argumentNames": ["inner"], "body": "sum"}},
        "row": call("List.map", list={"valueReference": "items"}, baseAlgorithm={"valueReference": "add"}),
        "make": {"functionDefinitionValue": {"argumentNames": ["outer"], "body": "row"}},
        "root": call("List.map", list={"valueReference": "items"}, baseAlgorithm={"valueReference": "make"}),
    }

    (tmp_path / "state").mkdir()

    async def asked() -> tuple[Any, Any]:
        options = WorkerOptions(tmp_path / "state", "local", mounts=(), world=False, limits=True)
        pool = WorkerPool(1, options)
        try:
            with pytest.raises(EngineError) as caught:
                await pool.run("value", {"result": "root", "values": values}, timeout=0.5)
            return caught.value, await pool.run("value", constant(7), timeout=60)
        finally:
            pool.close()

    error, answer = asyncio.run(asked())
    assert (error.message, error.code) == ("Computation timed out.", 400)
    assert answer.body == {"result": 7}
