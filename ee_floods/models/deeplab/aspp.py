"""Atrous spatial pyramid pooling with image pooling (Chen et al., ECCV 2018, figure 2)."""

from __future__ import annotations

from typing import Any

from ee_floods.models.deeplab.layers import ResizeLike, conv_block, depthwise_block
from ee_floods.models.deeplab.presets import Preset
from ee_floods.models.keras_backend import keras

__all__ = ["atrous_pyramid"]


def atrous_pyramid(x: Any, size: Preset, output_stride: int) -> Any:
    """Return features seen at several scales at once.

    Args:
        x: The backbone's deepest map, `(N, h, w, C)`.
        size: Preset.
        output_stride: 8 or 16; rates double at 8, so that they span the same ground.

    Returns:
        `(N, h, w, size.aspp_filters)`.
    """
    filters = size.aspp_filters
    branches = [conv_block(x, filters, name="aspp_point", kernel=1)]
    for rate in size.aspp_rates:
        name = f"aspp_rate{rate}"
        # Separable: depthwise with holes, then 1x1, at a ninth of the arithmetic of a full convolution.
        branch = depthwise_block(x, name=f"{name}_filter", dilation=rate * 16 // output_stride)
        branches.append(conv_block(branch, filters, name=name, kernel=1))
    pooled = keras.layers.GlobalAveragePooling2D(keepdims=True, name="aspp_pool")(x)  # (N, 1, 1, C)
    # One value per image and channel is too few to normalise in a batch of eight: a bias does instead.
    pooled = keras.layers.Conv2D(
        filters, 1, activation="relu", kernel_initializer="he_normal", name="aspp_pool_conv"
    )(pooled)
    branches.append(ResizeLike(name="aspp_pool_resize")([pooled, x]))
    x = keras.layers.Concatenate(name="aspp_join")(branches)
    return conv_block(x, filters, name="aspp_project", kernel=1)
