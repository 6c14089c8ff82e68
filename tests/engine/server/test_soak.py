"""Half a minute of the soak: faults, a killed worker, a killed server; each pixel and task accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import soak


@pytest.mark.slow
def test_faults_and_kills_lose_no_task_and_change_no_pixel(tmp_path: Path) -> None:
    found = soak(tmp_path, minutes=0.6, clients=4, fault_rate=0.1, seed=3, kill="server")
    assert found.kills == ("a worker", "the server")
    assert found.tally.failures == []
    assert found.tally.wrong == 0
    assert found.lost == ()
    assert found.doubled == ()
    assert found.tally.pixels > 1_000_000
    assert {"pixels", "tile", "value", "export"} <= set(found.tally.done)
