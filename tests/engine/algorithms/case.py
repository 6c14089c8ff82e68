"""A case: an algorithm, arguments, and what an outsider says the answer is.

Every algorithm of the engine has one at least. A case is run twice: as it is, and with the algorithm replaced
by one that returns its first argument. The second run has to fail, or the case would not notice an algorithm
that does nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ee
import numpy as np

from ee_floods.engine.records import TableRecord
from ee_floods.engine.registry import algorithms
from tests.engine.memory_library import UTM, Bench, record

Truth = Callable[[], Any] | Any


@dataclass(frozen=True)
class Case:
    """One question to the engine.

    Args:
        algorithm: Name that the service gives it, such as `Image.add`.
        arguments: By name or, as a list, by position; a callable is called once the client is ready.
        truth: The answer, or a callable that returns it: of NumPy, SciPy, scikit-image, shapely, pyproj, or
            printed in the reference (`source`). Masked pixels are masked in a masked array.
        ask: What is asked of the result, such as `lambda image: image.bandNames()`; by default its value, or
            with `pixels` the pixels of a band on `UTM`.
        pixels: Whether pixels are compared instead of values.
        source: Where a printed answer was found.
        rtol: Relative tolerance; 0 is equality.
        atol: Absolute tolerance.
        name: Tells cases of one algorithm apart.
        band: Position of the band whose pixels are compared.
        mutant: False where the right answer is the first argument by nature (an idempotent call), which needs
            another case of the same algorithm that can fail.
    """

    algorithm: str
    arguments: Mapping[str, Any] | list[Any] | Callable[[], Any]
    truth: Truth
    ask: Callable[[Any], Any] | None = None
    pixels: bool = False
    source: str = ""
    rtol: float = 1e-12
    atol: float = 0.0
    name: str = ""
    mutant: bool = True
    band: int = 0

    @property
    def id(self) -> str:
        return f"{self.algorithm}-{self.name}" if self.name else self.algorithm

    def answer(self, bench: Bench) -> Any:
        """Ask the engine, through the real client's serializer."""
        given = self.arguments() if callable(self.arguments) else self.arguments
        resolved = _resolved(given)
        if isinstance(resolved, Mapping):
            result = ee.ApiFunction.apply_(self.algorithm, dict(resolved))
        else:
            result = ee.ApiFunction.call_(self.algorithm, *resolved)
        if self.ask is not None:
            result = self.ask(result)
        if self.pixels:
            return bench.pixels(result)[self.band]
        return bench.value(result)

    def expected(self) -> Any:
        return self.truth() if callable(self.truth) else self.truth

    def check(self, answer: Any) -> None:
        """Raise AssertionError unless the answer is the truth."""
        same(answer, self.expected(), self.rtol, self.atol)


def _resolved(value: Any) -> Any:
    if callable(value) and not isinstance(value, ee.ComputedObject):
        return value()
    if isinstance(value, Mapping):
        return {key: _resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    return value


def same(answer: Any, truth: Any, rtol: float, atol: float, where: str = "answer") -> None:
    """Compare nested values: numbers by tolerance, anything else by equality."""
    if isinstance(truth, np.ma.MaskedArray) or isinstance(answer, np.ma.MaskedArray):
        left, right = np.ma.masked_array(answer), np.ma.masked_array(truth)
        assert left.shape == right.shape, f"{where}: shape {left.shape}, not {right.shape}"
        np.testing.assert_array_equal(np.ma.getmaskarray(left), np.ma.getmaskarray(right), err_msg=where)
        np.testing.assert_allclose(
            left.filled(0).astype(float), right.filled(0).astype(float), rtol=rtol, atol=atol, err_msg=where
        )
    elif isinstance(truth, np.ndarray):
        np.testing.assert_allclose(np.asarray(answer, float), truth.astype(float), rtol=rtol, atol=atol)
    elif isinstance(truth, Mapping):
        assert isinstance(answer, Mapping) and list(answer) is not None, f"{where}: {answer!r}"
        assert set(answer) == set(truth), f"{where}: keys {sorted(answer)}, not {sorted(truth)}"
        for key, item in truth.items():
            same(answer[key], item, rtol, atol, f"{where}[{key!r}]")
    elif isinstance(truth, (list, tuple)):
        assert isinstance(answer, (list, tuple)) and len(answer) == len(truth), f"{where}: {answer!r}"
        for index, item in enumerate(truth):
            same(answer[index], item, rtol, atol, f"{where}[{index}]")
    elif isinstance(truth, (int, float, np.number)) and not isinstance(truth, bool):
        assert isinstance(answer, (int, float)), f"{where}: {answer!r}, not {truth!r}"
        np.testing.assert_allclose(float(answer), float(truth), rtol=rtol, atol=atol, err_msg=where)
    else:
        assert answer == truth, f"{where}: {answer!r}, not {truth!r}"


@contextmanager
def returning_its_input(name: str) -> Iterator[None]:
    """Replace an algorithm by one that returns its first argument (None if it takes none)."""
    known = algorithms()
    real = known[name]

    def lazy(*arguments: Any) -> Any:
        given = arguments[1:] if real.wants_request else arguments
        return given[0] if given else None

    table: Any = known
    table[name] = dataclasses.replace(real, function=lazy)
    try:
        yield
    finally:
        table[name] = real


def stored(bench: Bench) -> None:
    """Put the images that cases may load into the library.

    `C/a` and `C/b`: float bands `VV`, `VH` (dB, about -25..-3); `C/whole`: int16 `n` (-50..50) and uint8 `m`
    (0..20); `C/holes`: float `x` with every seventh pixel masked; `C/wells`: a table.
    """
    bench.library.tables["C/wells"] = TableRecord("C/wells", WELLS, {}, simulated=False)
    for name, bands in STORED.items():
        masks = {"x": np.asarray(HOLES)} if name == "C/holes" else None
        bench.library.add(
            record(name, bands, masks=masks, properties={"system:time_start": 1_600_000_000_000})
        )


_rng = np.random.default_rng(7)
HOLES = (np.arange(64 * 64).reshape(64, 64) % 7 != 0).astype(np.float32)
STORED: dict[str, dict[str, np.ndarray]] = {
    "C/a": {k: _rng.normal(m, 3, UTM.shape).astype(np.float32) for k, m in (("VV", -12), ("VH", -18))},
    "C/b": {k: _rng.normal(m, 3, UTM.shape).astype(np.float32) for k, m in (("VV", -12), ("VH", -18))},
    "C/whole": {
        "n": _rng.integers(-50, 51, UTM.shape).astype(np.int16),
        "m": _rng.integers(0, 21, UTM.shape).astype(np.uint8),
    },
    "C/holes": {"x": _rng.uniform(-1, 1, UTM.shape).astype(np.float32)},
}
WELLS: list[dict[str, Any]] = [
    {
        "type": "Feature",
        "id": f"{k:020d}",
        "geometry": {"type": "Point", "coordinates": [69 + k, 27]},
        "properties": {"name": name, "depth": depth},
    }
    for k, (name, depth) in enumerate((("old", 12.5), ("new", 40)))
]
