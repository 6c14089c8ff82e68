"""Which part of a list a page shows."""

from __future__ import annotations

from typing import Any

from ee_floods.engine.errors import bad_request

__all__ = ["first_of_page", "size_of_page"]


def first_of_page(token: Any) -> int:
    """Return where a page begins; a token is the position in a list.

    Raises:
        EngineError: If it is none that the engine gave.
    """
    text = str(token or "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise bad_request("Invalid page token.")
    return int(text)


def size_of_page(asked: Any, default: int) -> int:
    """Return how many elements a page shows: the default for none or 0, and no more than that.

    Raises:
        EngineError: If it is not a whole number from 0 on.
    """
    text = str(asked if asked is not None and asked != "" else 0).removesuffix(".0")
    if not (text.isascii() and text.isdigit()):
        raise bad_request(f"Invalid value at 'page_size' (TYPE_INT32), \"{text[:40]}\"")
    return min(int(text[:18]), default) or default
