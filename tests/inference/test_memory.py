"""The check before reading says how much is needed and how much is there."""

from __future__ import annotations

import pytest

from ee_floods.errors import InputError
from ee_floods.inference import memory


def test_more_than_there_is_is_refused_with_both_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 2 * 2**30)
    memory.check_memory(2**30, "a.tif, 1 x 1")
    with pytest.raises(InputError, match=r"a\.tif, 9 x 9 pixels: needs about 3\.0 GiB of memory, 2\.0 GiB"):
        memory.check_memory(3 * 2**30, "a.tif, 9 x 9")


def test_a_system_that_does_not_say_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    memory.check_memory(2**60, "a.tif, 1 x 1")


def test_this_machine_says() -> None:
    available = memory.available_bytes()
    assert available is None or available > 2**20
