"""Visualization of a request: an `Image.visualize` around its expression, so that the evaluator does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ee_floods.engine.errors import bad_request
from ee_floods.engine.evaluator import EvaluatedImage

__all__ = ["needs_visualization", "select_expression", "sized", "visualized"]

_LONGER_SIDE = 512  # of a thumbnail whose request says nothing of its size (guides/image_visualization)
_SIZES = ("width", "height", "maxDimension", "scale")


def visualized(
    expression: Mapping[str, Any], options: Mapping[str, Any] | None, bands: Sequence[str]
) -> dict[str, Any]:
    """Return the expression of a picture.

    Args:
        expression: `{"result", "values"}` of an image.
        options: `VisualizationOptions`: `ranges`, `paletteColors`, `gamma`, `opacity`.
        bands: Bands to draw; none means the first three.
    """
    options = options or {}
    arguments: dict[str, Any] = {"image": _result(expression)}
    ranges = options.get("ranges") or []
    if bands:
        arguments["bands"] = {"constantValue": list(bands)}
    if ranges:
        arguments["min"] = {"constantValue": [float(item.get("min") or 0) for item in ranges]}
        arguments["max"] = {"constantValue": [float(item.get("max") or 0) for item in ranges]}
        if len(ranges) == 1:
            arguments["min"] = {"constantValue": float(ranges[0].get("min") or 0)}
            arguments["max"] = {"constantValue": float(ranges[0].get("max") or 0)}
    if options.get("paletteColors"):
        arguments["palette"] = {"constantValue": list(options["paletteColors"])}
    for name in ("gamma", "opacity"):
        value = options.get(name)
        if value is not None:
            number = value["value"] if isinstance(value, Mapping) else value
            arguments[name] = {"constantValue": float(number)}
    return _around(expression, "Image.visualize", arguments)


def select_expression(expression: Mapping[str, Any], bands: Sequence[str]) -> dict[str, Any]:
    """Return the expression of an image's bands in the order given; all bands if none are given."""
    if not bands:
        return dict(expression)
    arguments = {"input": _result(expression), "bandSelectors": {"constantValue": list(bands)}}
    return _around(expression, "Image.select", arguments)


def sized(expression: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expression of a thumbnail: 512 pixels on its longer side unless the client asks for a size.

    The client folds `dimensions` and `scale` into the expression: a call below that of the visualization.
    """
    values = expression.get("values") or {}
    name, arguments = _call(values, _result(expression))
    if name == "Image.visualize":
        name, arguments = _call(values, arguments.get("image"))
    if name == "Image.reproject" or (
        name == "Image.clipToBoundsAndScale" and any(size in arguments for size in _SIZES)
    ):
        return dict(expression)
    wanted = {"input": _result(expression), "maxDimension": {"constantValue": _LONGER_SIDE}}
    return _around(expression, "Image.clipToBoundsAndScale", wanted)


def _call(values: Mapping[str, Any], node: Any) -> tuple[str, Mapping[str, Any]]:
    """Return the name and arguments of a call, following references; an empty name where it is none."""
    for _ in range(len(values) + 1):
        if not isinstance(node, Mapping) or "valueReference" not in node:
            break
        node = values.get(node["valueReference"])
    call = node.get("functionInvocationValue") if isinstance(node, Mapping) else None
    if not isinstance(call, Mapping):
        return "", {}
    return str(call.get("functionName") or ""), call.get("arguments") or {}


def needs_visualization(image: EvaluatedImage, options: Mapping[str, Any] | None) -> bool:
    """Whether an image is not yet one or three bands of bytes, or options are given."""
    return bool(options) or len(image.bands) not in (1, 3) or any(b.dtype != "uint8" for b in image.bands)


def _result(expression: Mapping[str, Any]) -> dict[str, Any]:
    if "result" not in expression or "values" not in expression:
        raise bad_request("Invalid expression: 'result' and 'values' are required.")
    return {"valueReference": str(expression["result"])}


def _around(expression: Mapping[str, Any], function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expression with one more call as its result."""
    values = dict(expression["values"])
    key = "ee-floods-picture"
    while key in values:
        key += "-"
    values[key] = {"functionInvocationValue": {"functionName": function, "arguments": dict(arguments)}}
    return {"result": key, "values": values}
