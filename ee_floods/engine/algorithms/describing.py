"""Values as what a client would be told about them."""

from __future__ import annotations

from typing import Any

from ee_floods.engine.encode import encode
from ee_floods.engine.registry import algorithm
from ee_floods.engine.request import Request


@algorithm("Describe", request=True)
def describe(request: Request, value: Any) -> Any:
    """The dictionary, list, number or text that `getInfo` answers."""
    return encode(value, request.limits)
