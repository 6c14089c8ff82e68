"""Images to be looked at: ranges, palettes, colour models."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import skimage
from numpy.typing import NDArray

from ee_floods.engine.arguments import numeric
from ee_floods.engine.bands import select
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image, masks_and, pointwise
from ee_floods.engine.values.pixeltype import PixelType

_BYTE = PixelType("int", 0, 255)
_CHANNELS = ("vis-red", "vis-green", "vis-blue")


def colour(text: str) -> tuple[int, int, int, float]:
    """Return red, green, blue (0..255) and opacity (0..1) of a CSS name or hexadecimal digits.

    Raises:
        EngineError: If it is neither.
    """
    from PIL import ImageColor  # late: only an answer with a palette needs it

    plain = text.strip().lower()
    if re.fullmatch(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", plain):
        plain = "#" + plain.lstrip("#")
    elif plain not in ImageColor.colormap:
        raise bad_request(f"Unrecognized color: '{text}'.")
    red, green, blue, *alpha = ImageColor.getrgb(plain)
    return red, green, blue, alpha[0] / 255 if alpha else 1.0


def _numbers(value: Any, count: int, name: str) -> list[float] | None:
    """One number for all bands, or one each; text with commas counts as a list."""
    if value is None:
        return None
    if isinstance(value, str):
        value = value.split(",")
    found = [
        numeric(v, f"Parameter '{name}'") for v in (value if isinstance(value, (list, tuple)) else [value])
    ]
    if len(found) == 1:
        return found * count
    if len(found) != count:
        raise bad_request(f"'{name}' must have 1 or {count} values, received {len(found)}.")
    return found


def _texts(value: Any, name: str) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise bad_request(f"Expected a string or list of strings for field '{name}'.")
    return [str(part) for part in value]


def _default_range(type_: PixelType) -> tuple[float, float]:
    low, high = type_.range
    if type_.integral and np.isfinite(low) and np.isfinite(high) and high > low:
        return low, high
    return 0.0, 1.0


def _stretched(values: NDArray[Any], low: float, high: float, gamma: float) -> NDArray[np.float64]:
    """Values as 0..1 between two ends, bent by a gamma."""
    width = high - low if high != low else 1.0
    fraction = np.nan_to_num(np.clip((values.astype(np.float64) - low) / width, 0, 1))
    return fraction ** (1.0 / gamma) if gamma != 1 else fraction


@algorithm("Image.visualize")
def visualize(
    image: Image, bands: Any, gain: Any, bias: Any, low: Any, high: Any, gamma: Any, opacity: float | None,
    palette: Any, force: bool,
) -> Image:  # fmt: skip
    """Red, green and blue, or grey, as bytes."""
    if bands is not None and len(names := _texts(bands, "bands")) > 0:
        image = select(image, names)
    elif len(image.bands) > 3:
        image = image.with_bands(image.bands[:3])
    count = len(image.bands)
    if palette is not None and count > 1:
        raise bad_request("Cannot provide a palette when visualizing more than one band.")
    if count not in (1, 3):
        if count != 2:
            raise bad_request(f"Must specify 1 or 3 bands to visualize, but the image has {count}.")
        image, count = image.with_bands(image.bands[:1]), 1
    if gamma is not None and palette is not None:
        raise bad_request("Can't specify both 'gamma' and 'palette'.")
    if gain is not None and (low is not None or high is not None):
        raise bad_request("Can't specify both min/max and gain/bias.")
    ends = _ends(image, gain, bias, low, high)
    gammas = _numbers(gamma, count, "gamma") or [1.0] * count
    alpha = 1.0 if opacity is None else float(opacity)
    if palette is not None:
        found = [colour(text) for text in _texts(palette, "palette")]
        made = [
            _palette_band(image.bands[0], name, found, i, ends[0], alpha) for i, name in enumerate(_CHANNELS)
        ]
        return image.with_bands(made)
    stretched = [
        _grey_band(band, name, end, bend, alpha)
        for band, name, end, bend in zip(
            image.bands, _CHANNELS if count == 3 else ("vis-gray",), ends, gammas, strict=True)
    ]  # fmt: skip
    if count == 1 and force:
        return image.with_bands(stretched[0].renamed(name) for name in _CHANNELS)
    return image.with_bands(stretched)


def _ends(image: Image, gain: Any, bias: Any, low: Any, high: Any) -> list[tuple[float, float]]:
    count = len(image.bands)
    if gain is not None:
        gains = _numbers(gain, count, "gain") or []
        biases = _numbers(bias, count, "bias") or [0.0] * count
        # byte = value * gain + bias
        return [(-b / g, (255 - b) / g) if g else (0.0, 1.0) for g, b in zip(gains, biases, strict=True)]
    lows, highs = _numbers(low, count, "min"), _numbers(high, count, "max")
    answer = []
    for i, band in enumerate(image.bands):
        least, most = _default_range(band.type)
        answer.append((lows[i] if lows else (0.0 if highs else least), highs[i] if highs else most))
    return answer


def _grey_band(band: Band, name: str, ends: tuple[float, float], gamma: float, alpha: float) -> Band:
    def function(raster: Raster) -> Any:
        return np.round(_stretched(raster.values, *ends, gamma) * 255), raster.mask * np.float32(alpha)

    return pointwise(name, _BYTE, (band,), function, rasters=True)


def _palette_band(
    band: Band, name: str, palette: list[tuple[int, int, int, float]], channel: int,
    ends: tuple[float, float], alpha: float,
) -> Band:  # fmt: skip
    stops = np.linspace(0, 1, len(palette)) if len(palette) > 1 else np.array([0.0])
    inks = np.array([entry[channel] for entry in palette], float)
    alphas = np.array([entry[3] for entry in palette])

    def function(raster: Raster) -> Any:
        place = _stretched(raster.values, *ends, 1.0)
        opacity = np.interp(place, stops, alphas) * alpha
        return np.round(np.interp(place, stops, inks)), (raster.mask * opacity).astype(np.float32)

    return pointwise(name, _BYTE, (band,), function, rasters=True)


def _colour_model(image: Image, names: tuple[str, str, str], convert: Any, type_: PixelType) -> Image:
    if len(image.bands) != 3:
        raise bad_request(f"The image must have three bands, but has {len(image.bands)}.")

    def channel(position: int) -> Band:
        def function(*rasters: Raster) -> Any:
            stacked = np.stack([r.values.astype(np.float64) for r in rasters], axis=-1)
            return convert(stacked)[..., position], masks_and(r.mask for r in rasters)

        return pointwise(names[position], type_, image.bands, function, rasters=True)

    return image.with_bands(channel(i) for i in range(3))


@algorithm("Image.rgbToHsv")
def rgb_to_hsv(image: Image) -> Image:
    """Hue, saturation and value of red, green and blue that are expected in 0..1."""
    return _colour_model(
        image, ("hue", "saturation", "value"), lambda rgb: skimage.color.rgb2hsv(rgb),
        PixelType("float", 0, 1),
    )  # fmt: skip


@algorithm("Image.hsvToRgb")
def hsv_to_rgb(image: Image) -> Image:
    """Red, green and blue, 0..1."""
    return _colour_model(
        image, ("red", "green", "blue"), lambda hsv: skimage.color.hsv2rgb(np.clip(hsv, 0, 1)),
        PixelType("float", 0, 1),
    )  # fmt: skip
