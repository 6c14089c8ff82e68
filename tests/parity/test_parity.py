"""How the real service and this engine compare, for anyone with an account.

    EE_FLOODS_EE_PROJECT=my-project python -m pytest -m ee --record parity.json tests/parity

asks every printed answer, every case that needs no stored test image, and questions about real pixels of
both, and writes a JSON report: each question, both answers, whether they are equal, where they differ first
and the largest difference. Differences do not fail the run: the report is its result. It only reads, in about
two thousand small requests. Credentials: `earthengine authenticate` or GOOGLE_APPLICATION_CREDENTIALS.
EE_FLOODS_PARITY_URL names another service of the same protocol instead, such as a local engine that runs.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.engine.algorithms.case import returning_its_input
from tests.engine.algorithms.golden import everything
from tests.parity.questions import PATCHES
from tests.parity.recorder import compared, record

BROKEN = everything()[0].algorithm
"""What this engine gets wrong in the test of the report: the first printed answer is always asked."""


def _connect() -> Any:
    from ee_floods.session import connect

    url, project = os.environ.get("EE_FLOODS_PARITY_URL"), os.environ.get("EE_FLOODS_EE_PROJECT")
    if url:
        return connect(url=url)
    if project:
        return connect(project=project, engine="earthengine", replace=True)
    return pytest.skip("EE_FLOODS_EE_PROJECT names no project")


@pytest.mark.ee
def test_the_service_and_this_engine_are_compared(pytestconfig: pytest.Config) -> None:
    """Needs credentials, EE_FLOODS_EE_PROJECT and `--record`; see the head of this module."""
    path = pytestconfig.getoption("--record")
    if path is None:
        pytest.skip("--record names no report to write")
    with _connect():
        summary = record(Path(path))["summary"]
    print(f"\n{path}: {summary}")
    assert summary["asked"] > 500


@pytest.fixture
def report(engine_session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A report about the local engine, over its real protocol, in place of the service."""
    monkeypatch.setenv("EE_FLOODS_PARITY_URL", engine_session.url)
    assert _connect() is engine_session
    with returning_its_input(BROKEN):
        record(tmp_path / "parity.json", patches=PATCHES[:1], every=30)
    found: dict[str, Any] = json.loads((tmp_path / "parity.json").read_text("utf-8"))
    return found


def test_an_engine_agrees_with_itself_but_where_it_is_broken(report: dict[str, Any]) -> None:
    different = {answer["question"]: answer for answer in report["answers"] if not answer["equal"]}
    assert different
    broken = BROKEN.lower().replace(".", "-")
    assert all(broken in name.lower().replace(".", "-") for name in different), different
    kinds = {answer["question"].split("/")[0] for answer in report["answers"]}
    assert kinds == {"printed", "case", "real"}
    assert report["summary"]["asked"] == len(report["answers"])


@pytest.mark.parametrize(
    ("local", "service", "where", "difference"),
    [
        ({"a": [1, 2.0]}, {"a": [1, 2]}, "", 0.0),
        ([1, 2, 3], [1, 2.5, 4], "[1]", 1.0),
        ({"a": 1}, {"b": 1}, ".keys", None),
        ([None, 1], [1, 1], "[0]", None),
        (0.1 + 0.2, 0.3, "", 0.0),
        ([1], [1, 1], ".length", None),
    ],
)
def test_differences_are_found_and_measured(
    local: Any, service: Any, where: str, difference: float | None
) -> None:
    assert compared(local, service) == (where, difference)
