"""The client is process-global: a test that initialises it gives the session of other tests back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import ee


@contextmanager
def given_back() -> Iterator[None]:
    """Restore, at the end, the session that was there before."""
    before = None
    if ee.data.is_initialized():
        state = ee.data._get_state()
        before = (state.credentials, state.cloud_api_base_url, state.cloud_api_user_project)
    try:
        yield
    finally:
        ee.Reset()
        if before is not None:
            with suppress(ConnectionError):  # its engine has ended: there is nothing to give back
                ee.Initialize(before[0], url=before[1], project=before[2])
