"""Request ids: the same request has the same id, so the service itself refuses to start it twice."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from ee_floods.errors import InputError

__all__ = ["request_id", "request_key"]

_DIGEST_CHARACTERS = 40
"""200 of the hash's 256 bits; `eef-`, these and an attempt stay within the service's 60 characters."""
_LONGEST = 60  # https://developers.google.com/earth-engine/reference/rest/v1/projects.image/export


def request_key(request: Any) -> str:
    """Return the part of a request's id that all its attempts share: `eef-` and 40 characters.

    Args:
        request: What JSON can hold; the order of keys does not matter.

    Raises:
        InputError: If JSON cannot hold it.
    """
    try:
        canonical = json.dumps(
            request, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"A request must be what JSON can hold: {error}.") from error
    digest = base64.b32encode(hashlib.sha256(canonical.encode()).digest()).decode().lower()
    return f"eef-{digest[:_DIGEST_CHARACTERS]}"


def request_id(request: Any, attempt: int = 1) -> str:
    """Return a request's id for the service: of a-z, 0-9 and `-`, at most 60 characters.

    Args:
        request: What JSON can hold.
        attempt: From 1; rises only after the service itself says that the last attempt failed.
    """
    if attempt < 1:
        raise InputError(f"`attempt` must be at least 1, received {attempt}.")
    name = f"{request_key(request)}-{attempt}"
    if len(name) > _LONGEST or re.fullmatch(r"[a-z0-9-]+", name) is None:
        raise InputError(f"`attempt` {attempt} makes the id {name!r} longer than {_LONGEST} characters.")
    return name
