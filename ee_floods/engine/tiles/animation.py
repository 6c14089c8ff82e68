"""Frames as one picture: an animated GIF, or a strip of them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.export.encode import picture
from ee_floods.engine.records import Raster

__all__ = ["animation", "film_strip"]

_CLEAR = 255  # the palette entry of masked pixels; 255 colours are left for the others


def animation(frames: Sequence[Sequence[Raster]], frames_per_second: float) -> bytes:
    """Return an animated GIF that runs for ever.

    Args:
        frames: One or three bands of bytes each, all of one size.
        frames_per_second: The GIF holds hundredths of a second.
    """
    try:
        from PIL import Image
    except ImportError as error:  # it comes with matplotlib and scikit-image
        raise bad_request(
            "Video thumbnails need Pillow, which is not installed: pip install pillow."
        ) from error
    pictures = []
    for frame in frames:
        coloured = Image.fromarray(_rgb(frame)).quantize(_CLEAR)
        indices = np.asarray(coloured).copy()
        indices[~_shown(frame)] = _CLEAR
        paletted = Image.fromarray(indices)
        palette = coloured.getpalette() or []
        paletted.putpalette(palette[: 3 * _CLEAR] + [0] * (3 * 256 - len(palette[: 3 * _CLEAR])))
        paletted.info["transparency"] = _CLEAR
        pictures.append(paletted)
    stream = io.BytesIO()
    pictures[0].save(
        stream,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / frames_per_second),
        loop=0,
        transparency=_CLEAR,
        disposal=2,  # else a masked pixel shows the frame before
        optimize=False,
    )
    return stream.getvalue()


def film_strip(frames: Sequence[Sequence[Raster]], file_format: str) -> tuple[bytes, str]:
    """Return the frames one below the other as a picture, and its MIME type."""
    bands = [
        Raster(
            np.concatenate([raster.values for raster in band]),
            np.concatenate([raster.mask for raster in band]),
        )
        for band in zip(*frames, strict=True)
    ]
    return picture(bands, file_format)


def _rgb(frame: Sequence[Raster]) -> NDArray[np.uint8]:
    bands = [raster.values.astype(np.uint8) for raster in frame]
    return np.stack(bands * (3 if len(bands) == 1 else 1), axis=-1)


def _shown(frame: Sequence[Raster]) -> NDArray[np.bool_]:
    shown: NDArray[np.bool_] = np.logical_and.reduce([raster.mask > 0 for raster in frame])
    return shown
