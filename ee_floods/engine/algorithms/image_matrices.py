"""Matrices in every pixel: products, solutions, inverses, decompositions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine import matrices
from ee_floods.engine.array_bands import array_band, require_arrays
from ee_floods.engine.bands import each_band, pairs
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.image import Band, Image, constant_band
from ee_floods.engine.values.pixeltype import DOUBLE

Array = NDArray[Any]


@algorithm("Image.matrixIdentity")
def identity(size: int) -> Image:
    """The identity matrix in every pixel."""
    if size < 1:
        raise bad_request(f"The size must be positive, not {size}.")
    return Image((constant_band("identity", np.eye(size)),))


def _of_one(name: str, dimensions: int, function: Callable[[Array], Array]) -> None:
    def apply(image: Image) -> Image:
        def one(band: Band) -> Band:
            require_arrays(band, 2)
            return array_band(
                band.name, DOUBLE.array(dimensions), (band,),
                lambda v: matrices.wherever_possible(function, v.astype(np.float64)),
            )  # fmt: skip

        return each_band(image, one)

    register(f"Image.{name}", apply)


def _of_two(name: str, function: Callable[[Array, Array], Array]) -> None:
    def apply(first: Image, second: Image) -> Image:
        bands = [
            array_band(
                band_name, DOUBLE.array(2), (require_arrays(a, 2), require_arrays(b, 2)),
                lambda x, y: matrices.wherever_possible(function, x.astype(np.float64), y.astype(np.float64)),
            )
            for band_name, a, b in pairs(first, second)
        ]  # fmt: skip
        return first.with_bands(bands)

    register(f"Image.{name}", apply)


def _decomposition(name: str, parts: Callable[[Array], dict[str, Array]], outputs: str) -> None:
    def apply(image: Image) -> Image:
        source = require_arrays(image.first(), 2)

        def part(output: str) -> Band:
            def function(values: Array) -> tuple[Array, NDArray[np.bool_]]:
                found, possible = matrices.wherever_possible(parts, values.astype(np.float64))
                return found[output], possible

            return array_band(output, DOUBLE.array(2), (source,), function)

        return image.with_bands(part(output) for output in outputs)

    register(f"Image.{name}", apply)


for _name, _dimensions, _function in matrices.OF_ONE:
    _of_one(_name, _dimensions, _function)
for _name, _pair in matrices.OF_TWO.items():
    _of_two(_name, _pair)
for _name, (_parts, _outputs) in matrices.DECOMPOSITIONS.items():
    _decomposition(_name, _parts, _outputs)
