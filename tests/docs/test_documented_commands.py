"""What the pages show is run, in order, and prints what they show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client_session import given_back
from tests.docs.page import Reader, Step, steps

DOCS = Path(__file__).parents[2] / "docs"
PORTS = (8765, 8766)  # as the page writes them


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    at_the_terminal = Reader(tmp_path, PORTS)
    with given_back():
        yield at_the_terminal
    at_the_terminal.close()


@pytest.mark.engine
def test_the_page_of_the_local_engine(reader: Reader) -> None:
    walk = list(steps(DOCS / "local-engine.md"))
    assert len(walk) >= 10
    for step in walk:
        reader.run(step)


def test_a_page_that_says_something_else_is_told(tmp_path: Path) -> None:
    session = Reader(tmp_path)
    session.run(Step("console", "printf 'one\\ntwo\\n'", "one\n...\n", 1))
    session.run(Step("pycon", ">>> 1 + 1\n2\n", "", 1))
    with pytest.raises(AssertionError, match="It prints:\ntwo"):
        session.run(Step("console", "echo two", "three\n", 1))
    with pytest.raises(AssertionError, match="Expected:"):
        session.run(Step("pycon", ">>> 1 + 1\n3\n", "", 1))
    with pytest.raises(AssertionError, match="line 4"):
        session.run(Step("console", "exit 3", "", 4))
    session.close()
