from __future__ import annotations

import numpy as np
import pytest

from ee_floods.workflows.watch import PeakMemory, Watch


class _Listener:
    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def started(self, step: str) -> None:
        self.said.append(("started", step))

    def advanced(self, step: str, done: int, total: int, detail: str) -> None:
        self.said.append(("advanced", step, done, total, detail))

    def finished(self, step: str, seconds: float, summary: str) -> None:
        assert seconds >= 0
        self.said.append(("finished", step, summary))


def test_steps_are_told_and_recorded_in_order() -> None:
    listener = _Listener()
    watch = Watch(listener)
    with watch.step("a"):
        watch.advance(1, 2, "half")
    with watch.step("b"):
        watch.say("well")
    assert [step.name for step in watch.steps] == ["a", "b"]
    assert listener.said == [
        ("started", "a"), ("advanced", "a", 1, 2, "half"), ("finished", "a", ""),
        ("started", "b"), ("finished", "b", "well"),
    ]  # fmt: skip


def test_a_step_that_fails_is_not_recorded() -> None:
    watch = Watch()
    with pytest.raises(ValueError, match="x"), watch.step("a"):
        raise ValueError("x")
    assert watch.steps == ()


def test_peak_memory_sees_an_array_that_is_gone() -> None:
    with PeakMemory() as memory:
        before = memory.mib
        block = np.ones(2**27, np.uint8)
        block[::4096] = 2
        import time

        time.sleep(1.2)
        del block
    assert memory.mib > before + 100
