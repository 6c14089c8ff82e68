"""The `ee` client's process-wide state behind one typed facade.

The client has no public way to ask where it points; `ee.data._get_state` is what geemap and Xee's tests read
too. It is used here and nowhere else.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError

__all__ = ["ClientState", "initialize", "reset", "state"]

_CATALOG_HOST = "storage.googleapis.com"
"""Where the client looks for its list of deprecated datasets when it is initialised (ee.deprecation)."""


@dataclass(frozen=True)
class ClientState:
    """Where the client points: base URL, project and credentials."""

    url: str
    project: str
    credentials: Any


def state() -> ClientState | None:
    """Return where the client points, or None while it is not initialised."""
    import ee

    if not ee.data.is_initialized():
        return None
    inner = ee.data._get_state()
    return ClientState(str(inner.cloud_api_base_url), str(inner.cloud_api_user_project), inner.credentials)


def initialize(credentials: Any, *, url: str | None, project: str | None, offline: bool) -> None:
    """Call `ee.Initialize`.

    Args:
        credentials: Google credentials, or `"persistent"` for those of `earthengine authenticate`.
        url: Base URL of the API; None is the client's default.
        project: Cloud project.
        offline: Whether to keep the client's look at the web's list of deprecated datasets from leaving this
            machine; behind a firewall that drops packets it would stall for minutes.
    """
    import ee

    if not offline:
        ee.Initialize(credentials, url=url, project=project)
        return
    with _without_catalog_request():
        ee.Initialize(credentials, url=url, project=project)


def reset() -> None:
    """Forget where the client points, so that it can be initialised with another service."""
    import ee

    ee.Reset()


class _RefuseCatalog(urllib.request.BaseHandler):
    """Refuses requests for the dataset catalogue at once; others pass on to the next handler."""

    handler_order = 100  # before urllib's own HTTPS handler, which is at 500

    def https_open(self, request: urllib.request.Request) -> None:
        if request.host == _CATALOG_HOST:
            raise URLError("not asked for: the session is local")


@contextmanager
def _without_catalog_request() -> Iterator[None]:
    # `install_opener` is urllib's public hook; its present value can be read only from the private name.
    before = getattr(urllib.request, "_opener", None)
    urllib.request.install_opener(urllib.request.build_opener(_RefuseCatalog()))
    try:
        yield
    finally:
        urllib.request.install_opener(before)
