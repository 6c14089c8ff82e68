"""The algorithms that the engine knows: small functions, each under the name that the service gives it."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ee_floods.engine.signatures import Signature, signature

__all__ = ["Algorithm", "algorithm", "algorithms", "register"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Algorithm:
    """One implemented algorithm.

    Args:
        signature: As the service lists it.
        function: Takes the coerced arguments by position, in the signature's order.
        wants_request: Whether the current `Request` comes first.
    """

    signature: Signature
    function: Callable[..., Any]
    wants_request: bool


_ALGORITHMS: dict[str, Algorithm] = {}


def register(name: str, function: Callable[..., Any], *, request: bool = False) -> None:
    """Put a function under a name.

    Raises:
        ValueError: If the service has no algorithm of that name, or it is taken: a mistake of the engine.
    """
    known = signature(name)
    if known is None:
        raise ValueError(f"Earth Engine has no algorithm {name!r}.")
    if name in _ALGORITHMS:
        raise ValueError(f"Algorithm {name!r} is registered twice.")
    _ALGORITHMS[name] = Algorithm(known, function, request)


def algorithm(*names: str, request: bool = False) -> Callable[[F], F]:
    """Register the decorated function under one or more names (aliases share a function)."""

    def decorate(function: F) -> F:
        for name in names:
            register(name, function, request=request)
        return function

    return decorate


@functools.cache
def algorithms() -> Mapping[str, Algorithm]:
    """Return every implemented algorithm by name; loads the families on first use."""
    package = importlib.import_module("ee_floods.engine.algorithms")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return _ALGORITHMS
