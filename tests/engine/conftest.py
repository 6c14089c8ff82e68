from __future__ import annotations

from collections.abc import Iterator

import ee
import pytest
from ee.apitestcase import ApiTestCase

from tests.client_session import given_back
from tests.engine.memory_library import Bench


@pytest.fixture(scope="module", autouse=True)
def other_sessions_untouched() -> Iterator[None]:
    with given_back():
        yield


@pytest.fixture(scope="module")
def client(other_sessions_untouched: None) -> Iterator[None]:
    """The real client with the signatures that its wheel ships, and no server."""
    # The wheel's test case replaces this function and does not put it back.
    install = ee.data._install_cloud_api_resource
    case = ApiTestCase()
    case.setUp()
    yield
    case.tearDown()
    ee.data._install_cloud_api_resource = install


@pytest.fixture
def bench(client: None) -> Bench:
    return Bench()
