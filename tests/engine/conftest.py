from __future__ import annotations

from collections.abc import Iterator

import ee
import pytest
from ee.apitestcase import ApiTestCase

from tests.engine.memory_library import Bench


@pytest.fixture(scope="module")
def client() -> Iterator[None]:
    """The real client with the signatures that its wheel ships, and no server."""
    case = ApiTestCase()
    case.setUp()
    yield
    case.tearDown()
    ee.Reset()


@pytest.fixture
def bench(client: None) -> Bench:
    return Bench()
