"""Every algorithm against an outsider; and every case against an algorithm that returns its input."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import tests.engine.algorithms as room
from ee_floods.engine.registry import algorithms
from tests.engine.algorithms.case import Case, returning_its_input, stored
from tests.engine.algorithms.golden import goldens
from tests.engine.memory_library import Bench


def _cases() -> list[Case]:
    found: list[Case] = []
    for module in pkgutil.iter_modules(room.__path__):
        if module.name.startswith("cases_"):
            found += importlib.import_module(f"{room.__name__}.{module.name}").CASES
    return found


CASES = _cases()
BY_OTHER_TESTS: dict[str, str] = {
    "Image.loadGeoTIFF": "tests/engine/assets/test_objects.py",
    "Image.retile": "tests/engine/test_whole_areas.py",
}
"""Algorithms that need a server or a stored table: the test that holds them."""


ARE_THEIR_INPUT = {"Array.first", "Number.first", "Collection.cache"}
"""What these return is their first argument, by their meaning."""


@pytest.fixture
def filled(bench: Bench) -> Bench:
    stored(bench)
    return bench


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_answer_is_an_outsiders(case: Case, filled: Bench) -> None:
    case.check(case.answer(filled))
    if case.mutant:
        with returning_its_input(case.algorithm):
            try:
                answer = case.answer(filled)
            except Exception:  # noqa: BLE001 - any failure is one that a user would see
                return
            with pytest.raises((AssertionError, TypeError, ValueError)):
                case.check(answer)


def test_every_algorithm_has_a_case_that_can_fail(bench: Bench) -> None:
    held = {case.algorithm for case in CASES if case.mutant} | set(BY_OTHER_TESTS) | ARE_THEIR_INPUT
    known = set(algorithms())
    for golden in goldens():
        if golden.algorithm in known - held and golden.notices_its_input(bench):
            held.add(golden.algorithm)
    assert sorted(known - held) == []
