"""Strings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ee_floods.engine.encode import encode
from ee_floods.engine.errors import bad_request
from ee_floods.engine.limits import Limits
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.elements import Date


def text_of(value: Any) -> str:
    """Return a value as text: whole floats with one decimal, as Java prints them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, np.generic):
        return text_of(value.item())
    if isinstance(value, float):
        return f"{value:.1f}" if value.is_integer() and abs(value) < 1e7 else repr(value)
    if isinstance(value, Date):
        return str(int(value.millis))
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(text_of(v) for v in value) + "]"
    return "null" if value is None else str(value)


def _flags(flags: str) -> int:
    table = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "g": 0, "n": 0}
    answer = 0
    for flag in flags:
        if flag not in table:
            raise bad_request(f"Unknown regular expression flag '{flag}'.")
        answer |= table[flag]
    return answer


# Classes of the service's expressions that Python spells otherwise.
_CLASSES = {
    "[:space:]": r"\s", "[:digit:]": r"\d", "[:alpha:]": "a-zA-Z", "[:alnum:]": "a-zA-Z0-9",
    "[:upper:]": "A-Z", "[:lower:]": "a-z", "[:word:]": r"\w", "[:xdigit:]": "0-9a-fA-F",
    "[:punct:]": r"!-/:-@\[-`{-~",
}  # fmt: skip


def _compiled(regex: str, flags: str) -> re.Pattern[str]:
    for name, spelled in _CLASSES.items():
        regex = regex.replace(name, spelled)
    try:
        return re.compile(regex, _flags(flags))
    except re.error as error:
        raise bad_request(f"Invalid regular expression '{regex}': {error}") from error


@algorithm("String")
def string(value: Any) -> str:
    """A string from a string or a number."""
    if isinstance(value, Mapping):
        raise bad_request("A dictionary cannot be made into a String; use String.encodeJSON.")
    return text_of(value)


@algorithm("String.cat")
def cat(first: str, second: str) -> str:
    """Both strings."""
    return first + second


@algorithm("String.compareTo")
def compare(first: str, second: str) -> int:
    """-1, 0 or 1."""
    return (first > second) - (first < second)


@algorithm("String.equals")
def equals(first: str, second: Any) -> bool:
    """Whether both are the same string."""
    return bool(first == second)


@algorithm("String.index")
def index(text: str, pattern: str) -> int:
    """Position of the first occurrence, or -1."""
    return text.find(pattern)


@algorithm("String.rindex")
def rindex(text: str, pattern: str) -> int:
    """Position of the last occurrence, or -1."""
    return text.rfind(pattern)


@algorithm("String.length")
def length(text: str) -> int:
    """The number of characters."""
    return len(text)


@algorithm("String.slice")
def slice_string(text: str, start: int, end: int | None) -> str:
    """Characters from a start up to but not including an end."""
    return text[start:end]


@algorithm("String.match")
def match(text: str, regex: str, flags: str) -> list[str]:
    """The first match and its groups; with the flag `g` all matches."""
    pattern = _compiled(regex, flags)
    if "g" in flags:
        return [found[0] for found in pattern.finditer(text)]
    found = pattern.search(text)
    return [] if found is None else [found[0], *(group or "" for group in found.groups())]


@algorithm("String.replace")
def replace(text: str, regex: str, replacement: str, flags: str) -> str:
    """The first match replaced; with the flag `g` all matches."""
    # `$1` of the service's expressions is `\1` here.
    prepared = re.sub(r"\$(\d+)", r"\\g<\1>", replacement.replace("\\", "\\\\"))
    return _compiled(regex, flags).sub(prepared, text, count=0 if "g" in flags else 1)


@algorithm("String.split")
def split(text: str, regex: str, flags: str) -> list[str]:
    """Parts between matches; groups are not part of the answer, nor are empty parts at the end."""
    if regex == "":
        return list(text)
    parts, position = [], 0
    for found in _compiled(regex, flags).finditer(text):
        parts.append(text[position : found.start()])
        position = found.end()
    parts.append(text[position:])
    while len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return parts


@algorithm("String.toLowerCase")
def lower(text: str) -> str:
    """In lower case."""
    return text.lower()


@algorithm("String.toUpperCase")
def upper(text: str) -> str:
    """In upper case."""
    return text.upper()


@algorithm("String.trim")
def trim(text: str) -> str:
    """Without white space at the ends."""
    return text.strip()


@algorithm("String.encodeJSON")
def encode_json(value: Any) -> str:
    """A value as JSON."""
    return json.dumps(encode(value, Limits.none()), separators=(",", ":"))


@algorithm("String.decodeJSON")
def decode_json(text: str) -> Any:
    """A value from JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise bad_request(f"Invalid JSON: {error}") from error
