"""Styles: OGC styled layer descriptors, and random colours for labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.algorithms.visualize import colour
from ee_floods.engine.bands import unique_names
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm, algorithms
from ee_floods.engine.values.image import Band, Image, pointwise
from ee_floods.engine.values.pixeltype import PixelType

_BYTE = PixelType("int", 0, 255)
_STYLED = ("vis-red", "vis-green", "vis-blue")
_RANDOM = ("viz-red", "viz-green", "viz-blue")


@algorithm("Image.randomVisualizer")
def random_visualizer(image: Image) -> Image:
    """A colour for each value of the first band, drawn by the value alone, then all bands."""
    band = image.first()

    def channel(position: int) -> Band:
        def function(values: NDArray[Any]) -> NDArray[Any]:
            keys = np.ascontiguousarray(values.astype(np.float64)).view(np.uint64)
            return _drawn(keys) >> np.uint64(8 * position) & np.uint64(255)

        return pointwise(_RANDOM[position], _BYTE, (band,), function)

    return image.with_bands(unique_names((*(channel(k) for k in range(3)), *image.bands)))


def _drawn(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers hashed from others (the finaliser of MurmurHash3)."""
    with np.errstate(over="ignore"):
        keys = (keys ^ (keys >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        keys = (keys ^ (keys >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return keys ^ (keys >> np.uint64(33))


@dataclass(frozen=True)
class _Entry:
    quantity: float
    rgb: tuple[int, int, int]
    visible: bool


@algorithm("Image.sldStyle")
def sld_style(image: Image, text: str) -> Image:
    """Red, green and blue by the raster symbolizer of an SLD document."""
    symbolizer = _symbolizer(text)
    channels = _channels(image, symbolizer)
    table = _find(symbolizer, "ColorMap")
    if table is not None:
        if len(channels) != 1:
            raise bad_request(f"A ColorMap needs one channel, but {len(channels)} are selected.")
        kind = _attribute(table, "type") or "ramp"
        return image.with_bands(_mapped(channels[0], kind, _entries(table), k) for k in range(3))
    made = channels * 3 if len(channels) == 1 else channels
    return image.with_bands(band.renamed(name) for band, name in zip(made, _STYLED, strict=True))


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((found for found in element.iter() if _name(found) == name), None)


def _attribute(element: ElementTree.Element, name: str) -> str | None:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def _text(element: ElementTree.Element, name: str) -> str | None:
    found = _find(element, name)
    return None if found is None or found.text is None else found.text.strip()


def _symbolizer(text: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise bad_request("Parameter 'sldXml' must not declare a document type or entities.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise bad_request(f"Unable to parse the SLD document: {error}.") from error
    found = [element for element in root.iter() if _name(element) == "RasterSymbolizer"]
    if len(found) != 1:
        raise bad_request(f"Exactly one RasterSymbolizer is required, found {len(found)}.")
    return found[0]


def _chosen(image: Image, name: str) -> Band:
    """A band by its name or, failing that, by its number from 1."""
    if name in image.names:
        return image.band(name)
    if name.isdigit() and 1 <= int(name) <= len(image.bands):
        return image.bands[int(name) - 1]
    raise bad_request(f"SourceChannelName '{name}' is no band. Available bands: {image.names}.")


def _channels(image: Image, symbolizer: ElementTree.Element) -> list[Band]:
    """One band or three; stretched to bytes where contrast is enhanced."""
    selection = _find(symbolizer, "ChannelSelection")
    if selection is None:
        bands = list(image.bands[:3] if len(image.bands) >= 3 else image.bands[:1])
        return [_enhanced(band, symbolizer) for band in bands]
    found: list[Band] = []
    for kind in ("RedChannel", "GreenChannel", "BlueChannel", "GrayChannel"):
        channel = _find(selection, kind)
        if channel is not None:
            band = _chosen(image, _text(channel, "SourceChannelName") or "")
            found.append(_enhanced(band, channel))
    if len(found) not in (1, 3):
        raise bad_request("A ChannelSelection needs a GrayChannel, or red, green and blue ones.")
    return found


def _enhanced(band: Band, element: ElementTree.Element) -> Band:
    enhancement = _find(element, "ContrastEnhancement")
    if enhancement is None:
        return band
    for mechanism in ("Normalize", "Histogram"):
        if _find(enhancement, mechanism) is not None:
            raise bad_request(
                f"The local engine has no ContrastEnhancement by '{mechanism}', which follows from the "
                "pixels of the whole map. Use GammaValue, or stretch the image before it is styled."
            )
    gamma = _number(_text(enhancement, "GammaValue") or "1", "GammaValue")
    visualize = algorithms()["Image.visualize"].function
    single = Image((band,))
    styled: Image = visualize(single, None, None, None, 0, 255, gamma, None, None, False)
    return styled.first()


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise bad_request(f"{what} '{text}' is not a number.") from error


def _entries(table: ElementTree.Element) -> list[_Entry]:
    found = []
    for element in table.iter():
        if _name(element) != "ColorMapEntry":
            continue
        quantity = _number(_attribute(element, "quantity") or "", "The quantity of a ColorMapEntry")
        opacity = _number(_attribute(element, "opacity") or "1", "The opacity of a ColorMapEntry")
        red, green, blue, _ = colour(_attribute(element, "color") or "")
        found.append(_Entry(quantity, (red, green, blue), opacity != 0))
    if not found:
        raise bad_request("The ColorMap has no ColorMapEntry.")
    return sorted(found, key=lambda entry: entry.quantity)


def _mapped(band: Band, kind: str, entries: Sequence[_Entry], channel: int) -> Band:
    stops = np.array([entry.quantity for entry in entries])
    inks = np.array([entry.rgb[channel] for entry in entries], float)
    visible = np.array([entry.visible for entry in entries])

    def function(raster: Raster) -> tuple[NDArray[Any], NDArray[np.float32]]:
        values = raster.values.astype(np.float64)
        place = np.searchsorted(stops, values).clip(0, len(stops) - 1)  # the first stop that is not below
        if kind == "ramp":
            shown = visible[np.where(stops[place] > values, np.maximum(place - 1, 0), place)]
            found = np.round(np.interp(values, stops, inks))
        elif kind == "intervals":
            shown, found = visible[place] & (values <= stops[-1]), inks[place]
        else:
            shown, found = visible[place] & (stops[place] == values), inks[place]
        return found, np.where(shown, raster.mask, np.float32(0))

    if kind not in ("ramp", "intervals", "values"):
        raise _unknown_kind(kind)
    return pointwise(_STYLED[channel], _BYTE, (band,), function, rasters=True)


def _unknown_kind(kind: str) -> EngineError:
    return bad_request(f"Unknown ColorMap type '{kind}'. Use 'ramp', 'intervals' or 'values'.")
