"""Measure the local engine: tiles, pixels, a collection, an export, many clients at once, its start.

    python benchmarks/engine.py [--only NAME ...] [--data FOLDER] [--profile]

Writes `benchmarks/results/engine.json` after each measurement; with `--only` the other rows stay as they are.
The mounted data are made by a formula, so that what is timed is also compared with NumPy. A figure that
misses its target carries the functions that took longest.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import requests
from rich.console import Console
from rich.table import Table

from benchmarks import mounted
from benchmarks.profiled import Replay, slowest
from benchmarks.served import PeakMemory, Served
from benchmarks.tiles import HIGH, LOW, Place, check_export, check_tile, neighbours, picture, scattered
from ee_floods.contracts.report import BenchmarkReport, BenchmarkRow
from ee_floods.grid import Window

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "engine.json"
MINE = "projects/local/assets/mine"
SERIES = f"{MINE}/series"
S2 = "COPERNICUS/S2_HARMONIZED"
WARM_UP, TILES, REPEATS, STARTS, MANY = 12, 60, 9, 7, 50
MOUNTED_BOX = (15.1, 44.3, 16.2, 45.0)  # degrees, inside the mounted granule
_EXPORT_S, _GIB = 90.0, 1.5

Measured = tuple[tuple[BenchmarkRow, ...], Sequence[Replay]]


@dataclass
class Bench:
    """A running engine with the mounted data, and the real client pointed at it."""

    folder: Path
    data: Path
    served: Served
    ee: Any
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def api(self) -> str:
        """URL below which the routes of the service are."""
        return f"{self.served.url}/v1"

    def map_body(self, image: Any, file_format: str) -> dict[str, Any]:
        """Return the request that makes a map of the three bands."""
        return {
            "expression": self.ee.serializer.encode(image, for_cloud_api=True),
            "fileFormat": file_format,
            "bandIds": list(mounted.SCENE_BANDS),
            "visualizationOptions": {"ranges": [{"min": LOW, "max": HIGH}]},
        }

    def map(self, image: Any, file_format: str = "AUTO_JPEG_PNG") -> str:
        """Return the URL under which a map's tiles are."""
        made = self.http.post(f"{self.api}/projects/local/maps", json=self.map_body(image, file_format))
        made.raise_for_status()
        return f"{self.api}/{made.json()['name']}/tiles"

    def tile(self, url: str, place: Place, http: requests.Session | None = None) -> bytes:
        """Return one tile."""
        got = (http or self.http).get(f"{url}/{place[0]}/{place[1]}/{place[2]}")
        got.raise_for_status()
        return got.content


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="measure these alone")
    parser.add_argument("--data", type=Path, help="keep the mounted data here, for the next time")
    parser.add_argument("--profile", action="store_true", help="print where the time goes, target met or not")
    options = parser.parse_args()
    rows: dict[str, BenchmarkRow] = {}
    if options.only and RESULT.exists():
        rows = {row.name: row for row in BenchmarkReport.read(RESULT).rows}
    with _opened(options.data) as bench:
        for name in options.only or MEASUREMENTS:
            measured, calls = MEASUREMENTS[name](bench)
            if calls and (options.profile or any(row.met is False for row in measured)):
                found = slowest({MINE: bench.data}, calls)
                measured = tuple(
                    row.model_copy(update={"note": f"{row.note}; slowest: {found}"}) for row in measured
                )
            rows |= {row.name: row for row in measured}
            _write(list(rows.values()))
    _show(list(rows.values()))


@contextmanager
def _opened(kept: Path | None) -> Iterator[Bench]:
    import ee
    from google.auth.credentials import AnonymousCredentials

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ee-floods-bench-")))
        data = kept or folder / "data"
        (data / "one").mkdir(parents=True, exist_ok=True)
        mounted.write_scene(data / "one" / "scene.tif")
        mounted.write_stack(data / "one" / "stack.tif")
        mounted.write_series(data / "series")
        served = stack.enter_context(Served(folder / "state", {MINE: data}))
        ee.Initialize(AnonymousCredentials(), url=served.url, project="local")
        yield Bench(folder, data, served, ee)


def tiles_mounted(bench: Bench) -> Measured:
    """Tiles of three bands of a mounted granule."""
    image = bench.ee.Image(f"{MINE}/one/scene")
    places = scattered(MOUNTED_BOX, (12, 13, 14), WARM_UP + TILES)
    exact = bench.map(image, "PNG")
    for place in [place for place in places if place[0] > 12][:4]:  # at 12 the engine reads an overview
        check_tile(bench.tile(exact, place), place)
    row = _timed_tiles(bench, bench.map(image), places, "tile of a mounted granule, 256 x 256 x 3", 40)
    return (row,), _tile_calls(bench, image, places)


def tiles_simulated(bench: Bench) -> Measured:
    """Tiles of a simulated Sentinel-2 scene."""
    ee = bench.ee
    images = ee.ImageCollection(S2).filterBounds(ee.Geometry.Point([68.0, 27.0]))
    august = images.filterDate("2022-08-01", "2022-09-01").sort("CLOUDY_PIXEL_PERCENTAGE")
    for index in august.aggregate_array("system:index").getInfo():
        image = ee.Image(f"{S2}/{index}")
        longitude, latitude = image.geometry().centroid(1).coordinates().getInfo()
        view = neighbours(longitude, latitude)
        url = bench.map(image)
        first, again = (picture(bench.tile(url, view[0])) for _ in range(2))
        if not np.array_equal(first, again):
            raise SystemExit("A simulated tile is not the same twice.")
        if first.shape[0] == 3 and first.std() > 1:
            break  # the middle of its tile lies in the swath
    else:
        raise SystemExit("No simulated scene covers the middle of its tile.")
    row = _timed_tiles(bench, url, view, "tile of a simulated scene, 256 x 256 x 3, panning", 80)
    box = (longitude - 0.2, latitude - 0.2, longitude + 0.2, latitude + 0.2)
    far = scattered(box, (12, 13, 14), WARM_UP + 20)
    apart = _timed_tiles(bench, url, far, "the same at places never seen before", 80)
    return (row, apart), _tile_calls(bench, image, far)


def pixels(bench: Bench) -> Measured:
    """512 x 512 pixels of fifteen bands, through the client."""
    image = bench.ee.Image(f"{MINE}/one/stack")
    starts = [(row, col) for row in (0, 100, 256, 400, 512) for col in (0, 77, 200, 512)]
    windows = [Window(row, col, 512, 512) for row, col in starts]
    seconds, before = [], 0.0
    for number, window in enumerate(windows):
        grid = mounted.STACK.crop(window).pixel_grid
        if number == 4:
            before = bench.served.cpu_seconds()
        begin = time.perf_counter()
        found = bench.ee.data.computePixels(
            {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": grid}
        )
        seconds.append(time.perf_counter() - begin)
        for band, name in enumerate(mounted.STACK_BANDS):
            if not np.array_equal(found[name], mounted.stack_truth(band, window)):
                raise SystemExit(f"computePixels: {name} of {window} differs from NumPy.")
    cpu = (bench.served.cpu_seconds() - before) / len(windows[4:])
    body = {
        "expression": bench.ee.serializer.encode(image, for_cloud_api=True),
        "fileFormat": "NPY",
    }
    calls: list[Replay] = [
        ("pixels", ({**body, "grid": mounted.STACK.crop(window).pixel_grid},)) for window in windows
    ]
    name = "computePixels 512 x 512 x 15 float32, mounted"
    return (_row(name, seconds[4:], "s", 0.4, f"{cpu:.2f} CPU s each; equal to NumPy"),), calls


def collection(bench: Bench) -> Measured:
    """Ten thousand images narrowed to a box and a year, one aggregate."""
    ee = bench.ee
    rows, calls = [], []
    with Served(bench.folder / "cold", {MINE: bench.data}) as fresh:
        cold = _seconds(lambda: _aggregate(bench, fresh.url, (10.0, 30.0, 20.0, 50.0), 0, "mean"))
    for kind in ("mean", "size"):
        seconds, before = [], bench.served.cpu_seconds()
        for number in range(REPEATS + 2):
            box = (10.0 + number, 30.0, 20.0 + number, 45.0)
            seconds.append(_seconds(partial(_aggregate, bench, bench.served.url, box, number, kind)))
        cpu = (bench.served.cpu_seconds() - before) / len(seconds)
        note = f"{cpu:.2f} CPU s each; equal to NumPy"
        if kind == "mean":
            note += f"; the first after a start, which reads 10,000 headers: {cold:.1f} s"
        name = f"10,000 images, bounds and date, {'aggregate_mean' if kind == 'mean' else 'size'}"
        rows.append(_row(name, seconds[2:], "s", 1.0, note))
    expression = ee.serializer.encode(_filtered(ee, (10.0, 30.0, 20.0, 45.0), 0).size(), for_cloud_api=True)
    calls = [("value", (expression,))] * 3
    return tuple(rows), calls


def export(bench: Bench) -> Measured:
    """A whole granule of two bands as a GeoTIFF in a bucket."""
    ee = bench.ee
    image = ee.Image(f"{MINE}/one/scene").select(list(mounted.SCENE_BANDS[:2]))
    before = bench.served.cpu_seconds()
    begin = time.perf_counter()
    with PeakMemory(bench.served) as peak:
        # 4 m inside: an edge of 110 km that goes through degrees and back may bulge into the next row.
        left, bottom, right, top = mounted.SCENE.bounds
        inside = [left + 4, bottom + 4, right - 4, top - 4]
        region = ee.Geometry.Rectangle(inside, mounted.SCENE.crs, False)
        task = ee.batch.Export.image.toCloudStorage(
            image, "granule", "local", "granule", crs=mounted.SCENE.crs, maxPixels=1e9,
            crsTransform=list(mounted.SCENE.transform), region=region,
        )  # fmt: skip
        task.start()
        while task.active():
            time.sleep(0.2)
        seconds = time.perf_counter() - begin
    status = task.status()
    if status["state"] != "COMPLETED":
        raise SystemExit(f"The export ended so: {status}")
    cpu = bench.served.cpu_seconds() - before
    _check_export(bench)
    note = f"{cpu:.0f} CPU s; every pixel equal to NumPy"
    return (
        _row("export of 10,980 x 10,980 x 2, GeoTIFF", [seconds], "s", _EXPORT_S, note),
        _row("memory in that export, all processes", [peak.mib / 1024], "GiB", _GIB, "proportional set size"),
    ), []


def concurrent(bench: Bench) -> Measured:
    """Fifty clients, each asking for a tile at the same moment."""
    url = bench.map(bench.ee.Image(f"{MINE}/one/scene"), "PNG")
    places = scattered(MOUNTED_BOX, (13, 14), MANY, seed=5)
    barrier = threading.Barrier(MANY)

    def ask(place: Place) -> tuple[float, bytes]:
        with requests.Session() as http:
            barrier.wait()
            begin = time.perf_counter()
            payload = bench.tile(url, place, http)
            return time.perf_counter() - begin, payload

    with PeakMemory(bench.served) as peak, ThreadPoolExecutor(MANY) as clients:
        answers = list(clients.map(ask, places))
    for place, (_, payload) in zip(places, answers, strict=True):
        check_tile(payload, place)
    seconds = [waited for waited, _ in answers]
    note = f"slowest of {MANY} at once; every one answered and equal to NumPy"
    slowest_row = _row("50 concurrent tiles, the last answer", [max(seconds)], "s", None, note)
    return (slowest_row, _row("memory with 50 concurrent tiles", [peak.mib / 1024], "GiB", _GIB, "")), []


def start(bench: Bench) -> Measured:
    """From `Popen` to the first answered `value:compute`."""
    expression = bench.ee.serializer.encode(bench.ee.Number(1).add(2), for_cloud_api=True)
    seconds, cpus = [], []
    for number in range(STARTS):
        begin = time.perf_counter()
        with Served(bench.folder / f"start{number}") as fresh:
            asked = requests.post(
                f"{fresh.url}/v1/projects/local/value:compute", json={"expression": expression}
            )
            seconds.append(time.perf_counter() - begin)
            cpus.append(fresh.cpu_seconds())
        if asked.json() != {"result": 3}:
            raise SystemExit(f"The first answer is {asked.text}")
    note = (
        f"{statistics.median(cpus):.2f} CPU s; `python -m ee_floods engine serve`, simulated world included"
    )
    return (_row("start to first answer", seconds, "s", 1.5, note),), []


MEASUREMENTS: dict[str, Callable[[Bench], Measured]] = {
    "tiles-mounted": tiles_mounted,
    "tiles-simulated": tiles_simulated,
    "pixels": pixels,
    "collection": collection,
    "export": export,
    "concurrent": concurrent,
    "start": start,
}


def _timed_tiles(
    bench: Bench, url: str, places: Sequence[Place], name: str, target: float | None
) -> BenchmarkRow:
    for place in places[:WARM_UP]:
        bench.tile(url, place)
    before = bench.served.cpu_seconds()
    milliseconds = [1000 * _seconds(partial(bench.tile, url, place)) for place in places[WARM_UP:]]
    cpu = 1000 * (bench.served.cpu_seconds() - before) / len(milliseconds)
    note = f"{cpu:.0f} CPU ms each; {len(milliseconds)} different tiles, zoom {_zooms(places)}"
    return _row(name, milliseconds, "ms", target, note)


def _zooms(places: Sequence[Place]) -> str:
    found = sorted({place[0] for place in places})
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _tile_calls(bench: Bench, image: Any, places: Sequence[Place]) -> list[Replay]:
    body = bench.map_body(image, "AUTO_JPEG_PNG")
    return [("tile", (body, *place)) for place in places[:30]]


def _check_export(bench: Bench) -> None:
    """Read the exported file through the storage API and compare it."""
    path = bench.folder / "granule.tif"
    with bench.http.get(f"{bench.served.url}/storage/v1/b/local/o/granule.tif?alt=media", stream=True) as got:
        got.raise_for_status()
        with path.open("wb") as file:
            for chunk in got.iter_content(2**20):
                file.write(chunk)
    check_export(path)
    path.unlink()


def _filtered(ee: Any, box: tuple[float, ...], shift: int) -> Any:
    images = ee.ImageCollection(SERIES).filterBounds(ee.Geometry.Rectangle(list(box), None, False))
    return images.filterDate(*_dates(shift))


def _dates(shift: int) -> tuple[str, str]:
    return f"2021-01-{shift + 1:02d}", f"2022-01-{shift + 1:02d}"


def _aggregate(bench: Bench, url: str, box: tuple[float, ...], shift: int, kind: str) -> None:
    """Ask for a mean or a number and compare it."""
    images = _filtered(bench.ee, box, shift)
    asked = images.aggregate_mean("CLOUD") if kind == "mean" else images.size()
    expression = bench.ee.serializer.encode(asked, for_cloud_api=True)
    got = bench.http.post(f"{url}/v1/projects/local/value:compute", json={"expression": expression})
    got.raise_for_status()
    begin, end = (int(np.datetime64(day, "ms").astype(int)) for day in _dates(shift))
    count, mean = mounted.series_truth((box[0], box[1], box[2], box[3]), begin, end)
    result = got.json()["result"]
    wanted = mean if kind == "mean" else count
    if not math.isclose(result, wanted or 0, rel_tol=1e-12):
        raise SystemExit(f"{kind} of {box}: {result}, and {wanted} by NumPy.")


def _seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _row(name: str, values: Sequence[float], unit: str, target: float | None, note: str) -> BenchmarkRow:
    middle = round(statistics.median(values), 3 if unit != "ms" else 1)
    spread = (round(min(values), 3), round(max(values), 3)) if len(values) > 1 else None
    met = None if target is None else middle < target
    return BenchmarkRow(name=name, value=middle, unit=unit, target=target, met=met, spread=spread, note=note)


def _write(rows: Sequence[BenchmarkRow]) -> None:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    report = BenchmarkReport(
        machine={"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        commit=commit.stdout.strip() or "none",
        command="python " + " ".join(["benchmarks/engine.py", *sys.argv[1:]]),
        rows=tuple(rows),
    )
    report.write(RESULT)


def _show(rows: Sequence[BenchmarkRow]) -> None:
    table = Table("figure", "measured", "target", "met", "spread", "note")
    for row in rows:
        met = {None: "", True: "yes", False: "NO"}[row.met]
        spread = "" if row.spread is None else f"{row.spread[0]:g} to {row.spread[1]:g}"
        target = "" if row.target is None else f"under {row.target:g}"
        table.add_row(row.name, f"{row.value:g} {row.unit}", target, met, spread, row.note)
    Console(width=None if sys.stdout.isatty() else 180).print(table)


if __name__ == "__main__":
    main()
