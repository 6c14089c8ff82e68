"""Every answer that Earth Engine's documentation prints beside an example is this engine's answer too."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.algorithms.golden import Golden, client_object, goldens, kept_out
from tests.engine.memory_library import Bench


@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: golden.id)
def test_the_answer_is_the_printed_one(golden: Golden, bench: Bench) -> None:
    golden.check(bench.value(client_object(golden.call)))


@pytest.mark.parametrize("golden", kept_out(), ids=lambda golden: golden.id)
def test_what_is_kept_out_differs(golden: Golden, bench: Bench) -> None:
    with pytest.raises(AssertionError):
        golden.check(bench.value(client_object(golden.call)))


def test_no_question_is_counted_twice() -> None:
    questions = Counter((golden.page, repr(golden.call), golden.of) for golden in goldens())
    assert [question for question, times in questions.items() if times > 1] == []


def test_there_are_as_many_as_promised() -> None:
    assert len(goldens()) >= 150
