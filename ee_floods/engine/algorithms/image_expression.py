"""`Image.parseExpression`: an expression of images as a function."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

from ee_floods.engine.bands import select
from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.expression import evaluate_tree, parse
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm, algorithms
from ee_floods.engine.values.elements import Function
from ee_floods.engine.values.image import Image, constant_band, masks_and, pointwise

_CONSTANTS = {"PI": math.pi, "E": math.e}


def _image(value: Any) -> Image:
    found: Image = coerce(value, "Image", "expression")
    return found


def _choose(test: Image, chosen: Image, other: Image) -> Image:
    """One or the other by a test; masked where the test or the side that it picks is masked."""
    count = max(len(chosen.bands), len(other.bands), len(test.bands))

    def pick(image: Image, position: int) -> Any:
        return image.bands[0 if len(image.bands) == 1 else position]

    import numpy as np

    def combine(t: Raster, a: Raster, b: Raster) -> Any:
        yes = t.values != 0
        mask = np.where(yes, a.mask, b.mask)
        return np.where(yes, a.values, b.values), masks_and([t.mask, mask])

    bands = []
    names = next((i.names for i in (chosen, other, test) if len(i.bands) == count), test.names)
    for position in range(count):
        a, b = pick(chosen, position), pick(other, position)
        bands.append(
            pointwise(
                names[position], a.type.union(b.type), (pick(test, position), a, b), combine, rasters=True
            )
        )
    return Image(tuple(bands), {}, test.footprint or chosen.footprint or other.footprint)


@algorithm("Image.parseExpression")
def parse_expression(text: str, argument: str, variables: list[str], free_names: bool) -> Function:
    """The function of the named images that an expression describes."""
    tree = parse(text)

    def call(bindings: Mapping[str, Any]) -> Image:
        if argument not in bindings:
            raise bad_request(f"The expression needs its argument '{argument}'. Available: {variables}.")
        default = _image(bindings[argument])

        def variable(name: str) -> Any:
            if name in bindings:
                return _image(bindings[name])
            if name in _CONSTANTS:
                return Image((constant_band(name, _CONSTANTS[name]),))
            if free_names and name in default.names:
                return select(default, [name])
            raise bad_request(f"Unknown variable '{name}' in the expression. Available: {variables}.")

        def operate(name: str, values: list[Any]) -> Any:
            if name == "b":
                return select(default, values) if values else default
            if name == "choose":
                return _choose(*(_image(value) for value in values))
            found = algorithms().get(f"Image.{name}")
            if found is None:
                raise bad_request(f"Unknown function '{name}' in the expression.")
            images = [_image(value) for value in values]
            if len(images) > 2 and name in ("min", "max"):
                return functools.reduce(found.function, images)
            # Numbers on the left take the bands' names from the right.
            return found.function(*images)

        def bands(value: Any, selectors: list[Any]) -> Any:
            return select(_image(value), selectors)

        result = evaluate_tree(tree, variable, operate, bands)
        return _image(result)

    return Function(tuple(variables), call)
