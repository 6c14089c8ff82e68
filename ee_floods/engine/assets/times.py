"""Times of assets: RFC 3339 as requests write them, milliseconds as properties hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ee_floods.engine.errors import bad_request

__all__ = ["begins_within", "rfc3339_ms"]

_FINER = re.compile(r"(\.\d{6})\d+")  # nanoseconds, which the service takes and Python does not


def rfc3339_ms(text: str) -> float:
    """Return milliseconds since 1970 UTC of an RFC 3339 time.

    Raises:
        EngineError: If it is not one.
    """
    try:
        moment = datetime.fromisoformat(_FINER.sub(r"\1", text))
    except ValueError as error:
        raise bad_request(f"Invalid time '{text}'.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000


def begins_within(properties: Mapping[str, Any], start_ms: float | None, end_ms: float | None) -> bool:
    """Whether an asset begins in `[start_ms, end_ms)`; one without a time always may."""
    time_ms = properties.get("system:time_start")
    if time_ms is None:
        return True
    return (start_ms is None or time_ms >= start_ms) and (end_ms is None or time_ms < end_ms)
