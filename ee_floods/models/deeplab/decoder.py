"""The decoder of DeepLabV3+ with any sequence of strides (the paper's Table 5 compares such sequences)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ee_floods.models.deeplab.layers import ResizeLike, conv_block
from ee_floods.models.deeplab.presets import Preset
from ee_floods.models.keras_backend import keras

__all__ = ["decode"]


def decode(x: Any, maps: Mapping[int, Any], size: Preset, strides: Sequence[int]) -> Any:
    """Return features at the finest of the decoder's strides.

    Args:
        x: The pyramid's output, `(N, h, w, C)`.
        maps: The backbone's maps by stride.
        size: Preset.
        strides: Strides at which features of the backbone join, coarse to fine.

    Returns:
        `(N, H/s, W/s, size.decoder_filters)` with s the last stride.
    """
    for stride in strides:
        name = f"decoder{stride}"
        skip = conv_block(maps[stride], size.skip_filters, name=f"{name}_skip", kernel=1)
        x = ResizeLike(name=f"{name}_resize")([x, skip])
        x = keras.layers.Concatenate(name=f"{name}_join")([x, skip])
        x = conv_block(x, size.decoder_filters, name=name)
    return x
