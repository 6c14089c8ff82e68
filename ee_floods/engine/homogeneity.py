"""Composites need images of one kind: the service refuses a stack of other bands or other types."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = ["guarded"]

_WHOLE = {"Byte": (0, 255), "Short": (-(2**15), 2**15 - 1), "Integer": (-(2**31), 2**31 - 1)}


def guarded(image: Image, images: list[Image], covers: Callable[[Image, Grid], bool]) -> Image:
    """Return a composite that fails where images of different kinds meet.

    Where only one kind has pixels there is nothing to refuse, so this is found when pixels are asked for.

    Args:
        image: The composite.
        images: What it is made of.
        covers: Whether an image can have data on a grid.
    """
    if len({_kind(one) for one in images}) < 2:
        return image

    def guard(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            there = [one for one in images if covers(one, grid)]
            for other in there[1:]:
                if _kind(other) != _kind(there[0]):
                    raise _refusal(there[0], other)
            return band.compute(reader, grid)

        return dataclasses.replace(band, compute=compute)

    return image.with_bands(guard(band) for band in image.bands)


def _kind(image: Image) -> tuple[tuple[str, bool], ...]:
    return tuple((band.name, band.type.integral) for band in image.bands)


def _refusal(first: Image, other: Image) -> EngineError:
    index = other.properties.get("system:index")
    if first.names != other.names:
        return _unnamed(
            "Expected a homogeneous image collection, but an image with incompatible bands was encountered:\n"
            f"First image type: {_listed(first)}.\nCurrent image type: {_listed(other)}.\n"
            f"Image ID: {index}\nSome bands might require explicit casts."
        )
    a, b = next(
        (a, b) for a, b in zip(first.bands, other.bands, strict=True) if a.type.integral != b.type.integral
    )
    return _unnamed(
        "Expected a homogeneous image collection, but an image with an incompatible band was encountered. "
        f"Mismatched type for band '{a.name}':\nExpected type: {_typed(a.type)}.\nActual type: "
        f"{_typed(b.type)}.\nImage ID: {index}\nThis band might require an explicit cast."
    )


def _unnamed(message: str) -> EngineError:
    """An error that, as the service writes this one, names no function."""
    error = bad_request(message)
    error.located = True  # type: ignore[attr-defined]
    return error


def _listed(image: Image) -> str:
    return f"{len(image.bands)} bands ([{', '.join(image.names)}])"


def _typed(type_: PixelType) -> str:
    """The service's name of a type: the smallest that holds its range, and the range unless it is all."""
    bounds = "" if type_.low is None or type_.high is None else f"<{type_.low}, {type_.high}>"
    if not type_.integral:
        return f"{type_.precision.capitalize()}{bounds}"
    low, high = type_.range
    name = next((kind for kind, (least, most) in _WHOLE.items() if least <= low and high <= most), "Long")
    return name if name == "Long" or (low, high) == _WHOLE[name] else f"{name}{bounds}"
