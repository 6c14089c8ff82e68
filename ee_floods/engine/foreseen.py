"""What may fail below an algorithm, and how the service would say it."""

from __future__ import annotations

import logging
import re

import shapely
from pyproj.exceptions import ProjError
from rasterio.errors import RasterioError

from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.errors import EEFloodsError

__all__ = ["FAILURES", "OUT_OF_MEMORY", "UnforeseenError", "failure"]

logger = logging.getLogger(__name__)

FAILURES: tuple[type[Exception], ...] = (
    ArithmeticError, AssertionError, AttributeError, EEFloodsError, LookupError, MemoryError, OSError,
    RuntimeError, TypeError, ValueError, ProjError, RasterioError, re.error, shapely.errors.ShapelyError,
)  # fmt: skip
"""Errors of Python and of the libraries below that arguments can cause."""

OUT_OF_MEMORY = "User memory limit exceeded."

# How NumPy, GEOS and GDAL say that memory is short where they do not raise MemoryError.
_MEMORY_WORDS = ("bad_alloc", "maximum allowed", "array is too big", "out of memory", "cannot allocate")


class UnforeseenError(EngineError):
    """An algorithm met arguments that it has no message of its own for: a gap, but one request's only."""


def failure(error: Exception, name: str = "") -> EngineError:
    """Return the service's error for one of `FAILURES`.

    Args:
        error: What was raised.
        name: The algorithm that it was raised in, for the log.
    """
    if isinstance(error, RecursionError):
        return bad_request("Invalid expression: it is nested too deeply.")
    if isinstance(error, EEFloodsError):
        return bad_request(str(error))
    text = str(error)
    if isinstance(error, MemoryError) or any(word in text.lower() for word in _MEMORY_WORDS):
        return bad_request(OUT_OF_MEMORY)
    if isinstance(error, shapely.errors.GEOSException):
        return bad_request(f"The geometry cannot be computed with: {text[:300]}.")
    logger.warning("%s failed on its arguments.", name or "A computation", exc_info=error)
    return UnforeseenError(f"Unable to compute with these arguments ({type(error).__name__}: {text[:300]}).")
