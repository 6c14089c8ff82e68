"""The light backbone: inverted residuals (MobileNetV2), fused ones (EfficientNetV2) where these are faster.

References:
    Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018.
    Tan and Le, EfficientNetV2: Smaller Models and Faster Training, ICML 2021.
    Chen et al., Encoder-Decoder with Atrous Separable Convolution, ECCV 2018 (dilation in place of stride).
"""

from __future__ import annotations

from typing import Any

from ee_floods.models.deeplab.layers import conv_block, depthwise_block
from ee_floods.models.deeplab.presets import Preset
from ee_floods.models.keras_backend import keras

__all__ = ["features"]


def features(x: Any, size: Preset, output_stride: int) -> dict[int, Any]:
    """Return the backbone's feature maps by stride.

    Args:
        x: Scaled bands, `(N, H, W, C)`.
        size: Preset.
        output_stride: Stride of the deepest map, 8 or 16: at 8 the last stage dilates instead of halving.

    Returns:
        Maps `(N, ceil(H/s), ceil(W/s), channels)` for each stride s; the deepest under `output_stride`.
    """
    x = conv_block(x, size.stem, name="stem", stride=2)
    maps = {2: x}
    stride = 2
    for number, stage in enumerate(size.stages, start=1):
        halve = stride < output_stride
        stride = stride * 2 if halve else stride
        dilation = 1 if halve else 2
        for block in range(stage.blocks):
            x = _inverted_residual(
                x,
                stage.filters,
                expansion=stage.expansion,
                fused=stage.fused,
                stride=2 if halve and block == 0 else 1,
                dilation=dilation,
                name=f"stage{number}_block{block + 1}",
            )
        maps[stride] = x
    return maps


def _inverted_residual(
    x: Any, filters: int, *, expansion: int, fused: bool, stride: int, dilation: int, name: str
) -> Any:
    entry = x
    inner = int(x.shape[-1]) * expansion
    if fused:
        x = conv_block(x, inner, name=f"{name}_expand", stride=stride, dilation=dilation)
    else:
        x = conv_block(x, inner, name=f"{name}_expand", kernel=1)
        x = depthwise_block(x, name=f"{name}_filter", stride=stride, dilation=dilation)
    # No activation after the projection: a ReLU on a narrow bottleneck loses information (MobileNetV2, 3.2).
    x = conv_block(x, filters, name=f"{name}_project", kernel=1, activation=False)
    if stride == 1 and int(entry.shape[-1]) == filters:
        x = keras.layers.Add(name=f"{name}_add")([entry, x])
    return x
