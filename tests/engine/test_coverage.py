"""What the engine lacks is listed, the most used first."""

from __future__ import annotations

import json

import pytest

from ee_floods.cli.app import run
from ee_floods.engine import coverage
from ee_floods.engine.signatures import signatures


def test_missing_algorithms_come_in_order_of_use_then_of_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "algorithms", lambda: {"Image.add": None})
    monkeypatch.setattr(
        coverage, "signatures", lambda: dict.fromkeys(["Image.add", "b", "a", "If", "d", "c"])
    )
    monkeypatch.setattr(coverage, "uses", lambda: {"c": 3, "d": 9})
    assert coverage.coverage() == (["If", "Image.add"], ["d", "c", "a", "b"])


def test_counted_names_are_algorithms_and_counts_end_where_the_file_says() -> None:
    counted = coverage.uses()
    assert set(counted) <= set(signatures())
    assert set(counted.values()) <= set(range(1, coverage.MOST_COUNTED + 1))


def test_command_lists_what_is_there_and_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["engine", "algorithms", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    present, missing = document["present"], document["missing"]
    assert "Image.add" in present
    assert "If" in present
    assert not set(present) & set(missing)
    assert set(signatures()) <= {*present, *missing}
    order = [document["uses"].get(name, 0) for name in missing]
    assert order == sorted(order, reverse=True)
    assert run(["engine", "algorithms"]) == 0
    assert "the most used first" in capsys.readouterr().out


def test_families_count_what_is_there_and_what_is_not() -> None:
    rows = coverage.families(["Image.a", "Image.b", "Map.c", "lone"], ["Map.d", "other"])
    assert rows == [("Image", 2, 0), ("Map", 1, 1), ("others", 1, 1)]
