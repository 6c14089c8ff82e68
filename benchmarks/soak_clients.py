"""What a client of the soak does: real requests through the service layer, answers compared with NumPy."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from benchmarks.mounted import SCENE, SCENE_BANDS, truth
from ee_floods.errors import TransientError
from ee_floods.grid import Grid, Window
from ee_floods.service import assets, tasks
from ee_floods.service.ledger import FileLedger, TaskRecord
from ee_floods.service.pixels import compute_pixels
from ee_floods.service.retry import Backoff, retry
from ee_floods.service.storage import Storage, StorageUri
from ee_floods.session import Session

__all__ = ["MOUNT", "SCENES", "SIDE", "Client", "Tally", "prepare", "wanted"]

MOUNT = "projects/local/assets/scenes"
SCENES, SIDE = 4, 1024
_FOLDER = "projects/local/assets/soak"
_BUCKET = "soak"
_WORKS = {"pixels": 8, "tile": 8, "value": 4, "export": 2, "asset": 1, "import": 1}
"""How often each is drawn."""
_BACKOFF = Backoff(tries=10, first_s=0.25, longest_s=5.0)
_POLLING = tasks.Polling(first_s=0.2, longest_s=2.0, timeout_s=600)

_log = logging.getLogger(__name__)


@dataclass
class Tally:
    """What all clients did and saw."""

    done: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    pixels: int = 0
    wrong: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def compared(self, what: str, found: NDArray[Any], wanted: NDArray[Any]) -> None:
        """Count pixels and those that differ; say of what they were."""
        differ = int((found != wanted).sum()) if found.shape == wanted.shape else wanted.size
        with self._lock:
            self.pixels += wanted.size
            self.wrong += differ
            if differ:
                seen = f"{found.min()}..{found.max()}" if found.size else "nothing"
                self.differing.append(
                    f"{what}: {differ} of {wanted.size}, {found.shape} for {wanted.shape}, {seen}"
                )


class Client:
    """One client with its own ledger.

    Args:
        number: Which.
        session: The session that all share.
        folder: Its ledger goes here.
        draw: Decides what it does.
        tally: Counts.
        deadline: `time.monotonic()` after which no new work begins.
    """

    def __init__(
        self, number: int, session: Session, folder: Path, draw: random.Random, tally: Tally, deadline: float
    ) -> None:
        self._number, self._session, self._draw = number, session, draw
        self._tally, self._deadline = tally, deadline
        self.ledger = FileLedger(folder / f"ledger{number}.jsonl")
        self._storage = Storage(session)
        self._count = 0

    def run(self) -> None:
        """Work until the deadline."""
        works: dict[str, Callable[[], None]] = {
            "pixels": self._pixels, "tile": self._tile, "value": self._value,
            "export": self._export, "asset": self._asset, "import": self._import,
        }  # fmt: skip
        while time.monotonic() < self._deadline:
            name = self._draw.choices(list(_WORKS), list(_WORKS.values()))[0]
            self._count += 1
            try:
                works[name]()
            except Exception as error:  # noqa: BLE001 - a soak goes on, and tells at its end what failed
                _log.warning("Client %d, %s: %s", self._number, name, error)
                self._tally.failures.append(f"{name}: {type(error).__name__} {error}"[:300])
            else:
                self._tally.done.append(name)

    def operations(self) -> list[dict[str, Any]]:
        """Return all tasks that the engine knows."""
        import ee

        found: list[dict[str, Any]] = retry(ee.data.listOperations, doing="listing tasks", backoff=_BACKOFF)
        return found

    def _place(self, least: int, most: int) -> tuple[int, Window]:
        height, width = self._draw.randint(least, most), self._draw.randint(least, most)
        row, col = self._draw.randint(0, SIDE - height), self._draw.randint(0, SIDE - width)
        return self._draw.randrange(SCENES), Window(row, col, height, width)

    def _image(self, scene: int) -> Any:
        import ee

        return ee.Image(f"{MOUNT}/scene{scene}")

    def _compare(self, found: dict[str, NDArray[Any]], scene: int, window: Window) -> None:
        for band, name in enumerate(SCENE_BANDS):
            what = f"{self._name()} {name} of scene {scene} {window}"
            self._tally.compared(what, found[name], wanted(scene, band, window).astype(np.float32))

    def _read(self, image: Any, scene: int, window: Window) -> None:
        grid = SCENE.crop(window)
        self._compare(
            compute_pixels(image, grid, SCENE_BANDS, concurrency=2, backoff=_BACKOFF), scene, window
        )

    def _pixels(self) -> None:
        scene, window = self._place(16, 400)
        self._read(self._image(scene), scene, window)

    def _value(self) -> None:
        import ee

        scene, window = self._place(8, 120)
        grid = SCENE.crop(window)
        region = ee.Geometry.Rectangle(list(grid.bounds), grid.crs, False)
        asked = self._image(scene).reduceRegion(
            ee.Reducer.sum(), region, crs=grid.crs, crsTransform=list(grid.transform)
        )
        found = retry(asked.getInfo, doing="summing a rectangle", backoff=_BACKOFF)
        sums = [float(wanted(scene, band, window).sum(dtype=np.float64)) for band in range(len(SCENE_BANDS))]
        got = np.array([found[name] for name in SCENE_BANDS])
        self._tally.compared(f"{self._name()} sums", np.round(got, 3), np.array(sums))

    def _tile(self) -> None:
        scene, window = self._place(200, 400)
        image = self._image(scene).select(list(SCENE_BANDS))
        shown = {"min": 300, "max": 3000, "format": "png"}
        made = retry(lambda: image.getMapId(shown), doing="making a map", backoff=_BACKOFF)
        zoom, x, y = _tile_at(SCENE.crop(window))
        url = made["tile_fetcher"].format_tile_url(x, y, zoom)
        picture = retry(lambda: _fetched(url), doing="reading a tile", backoff=_BACKOFF)
        self._tally.compared(f"{self._name()} tile", *_seen(picture, zoom, x, y, scene))

    def _submitted(self, task: Any, destination: str, arrived: Callable[[], bool]) -> TaskRecord:
        params = {key: value for key, value in task.config.items() if key != "description"}
        return tasks.export_image(
            params, session=self._session, ledger=self.ledger, description=f"soak {self._name()}",
            destination=destination, arrived=arrived,
        )  # fmt: skip

    def _name(self) -> str:
        return f"c{self._number}n{self._count}"

    def _followed(self, record: TaskRecord) -> None:
        tasks.follow([record], ledger=self.ledger, polling=_POLLING)

    def _export(self) -> None:
        import ee

        scene, window = self._place(32, 300)
        grid, uri = SCENE.crop(window), StorageUri(_BUCKET, f"{self._name()}.tif")
        task = ee.batch.Export.image.toCloudStorage(
            self._image(scene), "soak", _BUCKET, self._name(), **_parameters(grid)
        )
        self._followed(self._submitted(task, str(uri), lambda: self._storage.stat(uri) is not None))
        self._compare(_bands(self._storage.read(uri)), scene, window)
        self._storage.delete(uri)

    def _asset(self) -> None:
        import ee

        scene, window = self._place(32, 300)
        grid, asset_id = SCENE.crop(window), f"{_FOLDER}/{self._name()}"
        task = ee.batch.Export.image.toAsset(self._image(scene), "soak", asset_id, **_parameters(grid))
        self._followed(self._submitted(task, asset_id, lambda: assets.get(asset_id) is not None))
        self._read(ee.Image(asset_id).unmask(0), scene, window)
        assets.delete(asset_id)

    def _import(self) -> None:
        import ee

        scene, window = self._place(32, 200)
        uri, asset_id = StorageUri(_BUCKET, f"{self._name()}-in.tif"), f"{_FOLDER}/{self._name()}"
        self._storage.upload(_geotiff(scene, window), uri)
        manifest = {
            "name": asset_id,
            "tilesets": [{"id": "only", "sources": [{"uris": [str(uri)]}]}],
            "bands": [
                {"id": name, "tilesetId": "only", "tilesetBandIndex": band}
                for band, name in enumerate(SCENE_BANDS)
            ],
        }

        def start(identity: str, label: str) -> str:
            operation: dict[str, Any] = ee.data.startIngestion(identity, manifest, True)
            return str(operation["name"])

        record = tasks.submit(
            manifest, kind="image:import", start=start, session=self._session, ledger=self.ledger,
            description=f"soak {self._name()}", destination=asset_id,
            arrived=lambda: assets.get(asset_id) is not None,
        )  # fmt: skip
        self._followed(record)
        self._read(ee.Image(asset_id).unmask(0), scene, window)
        assets.delete(asset_id)
        self._storage.delete(uri)


def prepare(session: Session) -> None:
    """Make the folder and the bucket that all clients write to."""
    assets.create_folders(f"{_FOLDER}/any")
    Storage(session).ensure_bucket(_BUCKET)


def wanted(scene: int, band: int, window: Window) -> NDArray[np.uint16]:
    """Return the pixels of a window of a mounted scene."""
    rows, cols = np.ogrid[window.row : window.row + window.height, window.col : window.col + window.width]
    return truth(band, rows, cols, scene)


def _parameters(grid: Grid) -> dict[str, Any]:
    import ee

    region = ee.Geometry.Rectangle(list(grid.bounds), grid.crs, False)
    return {"region": region, "crs": grid.crs, "crsTransform": list(grid.transform)}


def _fetched(url: str) -> bytes:
    try:
        got = requests.get(url, timeout=60)
    except requests.RequestException as error:
        raise ConnectionError(str(error)) from error
    if got.status_code in (429, 500, 503):
        raise TransientError(f"A tile answered {got.status_code}.", remedy="Ask again.")
    got.raise_for_status()
    return got.content


def _tile_at(grid: Grid) -> tuple[int, int, int]:
    """Return a tile of zoom 14 under the middle of a grid."""
    import pyproj

    left, bottom, right, top = grid.bounds
    to_degrees = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform((left + right) / 2, (bottom + top) / 2)
    y = math.asinh(math.tan(math.radians(latitude))) / math.pi
    return 14, int((longitude + 180) / 360 * 2**14), int((1 - y) / 2 * 2**14)


def _seen(
    picture: bytes, zoom: int, x: int, y: int, scene: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a picture and what it should show, without the pixels at whose edges rounding decides."""
    import pyproj
    from rasterio.io import MemoryFile

    side = 2 * math.pi * 6378137.0 / 2**zoom
    steps = (np.arange(256) + 0.5) / 256
    xs, ys = np.meshgrid((x + steps) * side - math.pi * 6378137.0, math.pi * 6378137.0 - (y + steps) * side)
    east, north = pyproj.Transformer.from_crs("EPSG:3857", SCENE.crs, always_xy=True).transform(xs, ys)
    a, _, c, _, e, f = SCENE.transform
    cols, rows = (east - c) / a, (north - f) / e
    sure = np.minimum(np.abs(cols - np.rint(cols)), np.abs(rows - np.rint(rows))) > 1e-3
    inside = (rows >= 0) & (rows < SIDE) & (cols >= 0) & (cols < SIDE)
    layers = []
    for band in range(3):
        values = np.where(inside, truth(band, np.floor(rows), np.floor(cols), scene), 0).astype(float)
        layers.append(np.where(values > 0, np.round(np.clip((values - 300) / 2700, 0, 1) * 255), 0)[sure])
    with MemoryFile(picture) as memory, memory.open() as dataset:
        found = dataset.read()
    return np.stack([found[band][sure].astype(float) for band in range(3)]), np.stack(layers)


def _bands(payload: bytes) -> dict[str, NDArray[Any]]:
    from rasterio.io import MemoryFile

    with MemoryFile(payload) as memory, memory.open() as dataset:
        return {
            name: dataset.read(number).astype(np.float32)
            for number, name in enumerate(dataset.descriptions, 1)
        }


def _geotiff(scene: int, window: Window) -> bytes:
    from affine import Affine
    from rasterio.io import MemoryFile

    grid = SCENE.crop(window)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", height=window.height, width=window.width, count=len(SCENE_BANDS), dtype="uint16",
            crs=grid.crs, transform=Affine(*grid.transform), compress="deflate",
        ) as dataset:  # fmt: skip
            dataset.write(np.stack([wanted(scene, band, window) for band in range(len(SCENE_BANDS))]))
        return bytes(memory.read())
