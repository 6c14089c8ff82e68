"""Reading pixels: one `Reader` per request, which computes each band of each grid once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ee_floods.engine.errors import EngineError, located
from ee_floods.engine.foreseen import FAILURES, OUT_OF_MEMORY, failure
from ee_floods.engine.limits import Limits
from ee_floods.engine.records import Raster
from ee_floods.engine.values.image import Band, Compute
from ee_floods.grid import Grid

__all__ = ["Reader"]


class Reader:
    """Computes bands on grids and keeps what several parts of a graph share.

    Args:
        limits: `cache_bytes` bounds what is kept.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._cache: OrderedDict[Hashable, tuple[list[Raster], int]] = OrderedDict()
        self._held = 0
        self._prepared: set[int] = set()
        self._keep: list[object] = []
        self._makers: WeakKeyDictionary[Compute, str] = WeakKeyDictionary()

    def made(self, bands: Iterable[Band], name: str) -> None:
        """Note the algorithm that bands come from, which their errors name; the first one stays."""
        for band in bands:
            self._makers.setdefault(band.compute, name)

    def read(self, band: Band, grid: Grid) -> Raster:
        """Return the pixels of a band on a grid.

        Raises:
            EngineError: If they cannot be computed; it names the algorithm that made the band.
        """
        try:
            return self.once((band.compute, grid), lambda: [band.compute(self, grid)])[0]
        except EngineError as error:
            maker = self._makers.get(band.compute)
            if maker is None or error.code != 400 or error.message == OUT_OF_MEMORY:
                raise
            raise located(error, maker) from error
        except MemoryError:
            raise
        except FAILURES as error:
            maker = self._makers.get(band.compute)
            if maker is None:
                raise
            raise located(failure(error, maker), maker) from error

    def read_all(self, bands: Sequence[Band], grid: Grid) -> list[Raster]:
        """Return the pixels of several bands; stored images behind them are read once for all."""
        self.prepare(bands)
        return [self.read(band, grid) for band in bands]

    def once(self, key: Hashable, make: Callable[[], list[Raster]]) -> list[Raster]:
        """Return what `make` returned for this key before, or call it."""
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found[0]
        rasters = make()
        self._store(key, rasters)
        return rasters

    def peek(self, key: Hashable) -> Raster | None:
        """Return a raster that was kept under a key, or None."""
        found = self._cache.get(key)
        return None if found is None else found[0][0]

    def keep(self, key: Hashable, raster: Raster) -> None:
        """Keep a raster under a key, if there is room."""
        self._store(key, [raster])

    def _store(self, key: Hashable, rasters: list[Raster]) -> None:
        size = sum(_held(raster.values) + _held(raster.mask) for raster in rasters)
        if size <= self.limits.cache_bytes // 4 and key not in self._cache:
            self._cache[key] = (rasters, size)
            self._held += size
            while self._held > self.limits.cache_bytes:
                _, (_, freed) = self._cache.popitem(last=False)
                self._held -= freed

    def forget(self) -> None:
        """Drop what is kept: called between tiles of one answer."""
        self._cache.clear()
        self._held = 0

    def prepare(self, bands: Iterable[Band]) -> None:
        """Tell every stored image behind some bands which of its bands will be read."""
        pending = list(bands)
        while pending:
            band = pending.pop()
            if band.stored is not None:
                group, name = band.stored
                group.want(name)
                continue
            mark = id(band.compute)
            if mark in self._prepared:
                continue
            self._prepared.add(mark)
            self._keep.append(band.compute)  # an id is only unique while its object lives
            pending.extend(band.inputs() if callable(band.inputs) else band.inputs)


def _held(array: np.ndarray[Any, Any]) -> int:
    """Bytes that an array keeps alive; a broadcast constant keeps almost none."""
    return 0 if 0 in array.strides else int(array.nbytes)
