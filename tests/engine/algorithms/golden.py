"""Answers that Earth Engine's own documentation prints, as data with their page.

`tests/golden_answers/*.yaml` map a page of https://developers.google.com/earth-engine/ to a list of
`{call, answer}`, with `tolerance` (absolute) where the page rounds, `ordered: false` where the order is free
and `of` to pick from the answer by keys (`[bands, 0, data_type]`). `not_followed` keeps an entry out, and
says why. Keys that start with a dot hold shared anchors.

A call is data: `{$List.zip: [[0, 1], [2, 3]]}` names an algorithm and its arguments by position, or as a
mapping by name. `{$image: [0, 1]}` is an image of constants, and `{$pixel: image}` is what its band `array`
holds, which is how the reference prints array images.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ee
import yaml

from tests.engine.algorithms.case import returning_its_input, same
from tests.engine.memory_library import Bench

FOLDER = Path(__file__).parents[2] / "golden_answers"


def client_object(data: Any) -> Any:
    """Return what the real client would send for a call that is written as data."""
    if isinstance(data, list):
        return [client_object(item) for item in data]
    if not isinstance(data, Mapping):
        return data
    name = next(iter(data), "")
    if not (len(data) == 1 and str(name).startswith("$")):
        return {key: client_object(item) for key, item in data.items()}
    content = data[name]
    if name == "$image":
        return ee.Image(content)
    if name == "$pixel":
        sample = client_object(content).sample(ee.Geometry.Point([-121, 42]), 500)
        return sample.first().get("array")
    function = ee.ApiFunction.lookup(name[1:])
    if isinstance(content, Mapping):
        return function.apply({key: client_object(item) for key, item in content.items()})
    return function.call(*[client_object(item) for item in content])


@dataclass(frozen=True)
class Golden:
    """One printed answer.

    Args:
        page: Path of the page below https://developers.google.com/earth-engine/.
        number: Position among the answers of its page.
        call: The question, as data.
        answer: What the page prints.
        tolerance: Half of the last digit that is printed.
        ordered: Whether the order of a list matters.
        of: Keys that lead to the part of the answer that is printed.
        not_followed: Why the engine does not follow the page.
    """

    page: str
    number: int
    call: Any
    answer: Any
    tolerance: float = 0.0
    ordered: bool = True
    of: tuple[str | int, ...] = ()
    not_followed: str = ""

    @property
    def id(self) -> str:
        return f"{self.page.removeprefix('apidocs/')}-{self.number}"

    @property
    def algorithm(self) -> str:
        """The outermost algorithm."""
        call = self.call.get("$pixel", self.call)
        return str(next(iter(call)))[1:]

    def check(self, answer: Any) -> None:
        """Raise AssertionError unless the answer is the printed one."""
        for key in self.of:
            answer = answer[key]
        truth = self.answer
        if isinstance(answer, str) and isinstance(truth, list):
            # The weights of a kernel are text: a row in brackets on each line.
            rows = [row.strip().strip("[]") for row in answer.strip().splitlines()]
            answer = [[float(item) for item in row.split(",")] for row in rows]
        if not self.ordered:
            answer, truth = sorted(answer, key=repr), sorted(truth, key=repr)
        same(answer, truth, rtol=1e-12, atol=self.tolerance)

    def notices_its_input(self, bench: Bench) -> bool:
        """Whether an algorithm that returned its first argument would be noticed."""
        with returning_its_input(self.algorithm):
            try:
                self.check(bench.value(client_object(self.call)))
            except Exception:  # noqa: BLE001 - any failure is one that a user would see
                return True
        return False


@functools.cache
def everything() -> tuple[Golden, ...]:
    """Return every printed answer, also those that the engine does not follow."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for page, entries in yaml.safe_load(path.read_text("utf-8")).items():
            if page.startswith("."):  # shared anchors
                continue
            for number, entry in enumerate(entries, 1):
                fields = {**entry, "of": tuple(entry.get("of", ()))}
                found.append(Golden(page, number, **fields))
    return tuple(found)


def goldens() -> tuple[Golden, ...]:
    """Return the printed answers that the engine gives too."""
    return tuple(golden for golden in everything() if not golden.not_followed)


def kept_out() -> tuple[Golden, ...]:
    """Return the printed answers that are kept out, each with its reason."""
    return tuple(golden for golden in everything() if golden.not_followed)
