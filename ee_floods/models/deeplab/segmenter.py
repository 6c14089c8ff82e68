"""DeepLabV3+: bands in their own units to the logit of water at every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ee_floods.data.normalisation import scaling_of
from ee_floods.errors import ConfigError
from ee_floods.models.deeplab.aspp import atrous_pyramid
from ee_floods.models.deeplab.backbone import features
from ee_floods.models.deeplab.decoder import decode
from ee_floods.models.deeplab.layers import BandScaling, ResizeLike
from ee_floods.models.deeplab.presets import preset as preset_of
from ee_floods.models.keras_backend import Model, keras, serializable

__all__ = ["DeepLabV3Plus"]


@serializable
class DeepLabV3Plus(Model):
    """DeepLabV3+ with a light backbone.

    Fully convolutional: takes `(N, H, W, C)` of any height and width in the bands' own units, NaN where
    masked, and returns float32 logits `(N, H, W, 1)`.

    Args:
        bands: Input bands in order.
        preset: Size by name, a key of `deeplab.presets.PRESETS`.
        output_stride: Stride of the deepest features, 8 or 16.
        decoder_strides: Strides at which features of the backbone join the decoder, coarse to fine, each
            finer than the output stride.
        low: Lower clip of each band; from `data.normalisation` if left out.
        high: Upper clip of each band.
        name: Name of the model.
        kwargs: Of `keras.Model`.

    Raises:
        ConfigError: If the strides are impossible or the preset is unknown.
        InputError: If a band cannot be an input.

    Example:
        >>> model = DeepLabV3Plus(bands=("VV", "VH"), preset="light")
        >>> logits = model(decibels)  # (N, H, W, 1)
    """

    def __init__(
        self,
        bands: Sequence[str],
        preset: str = "light",
        *,
        output_stride: int = 16,
        decoder_strides: Sequence[int] = (4, 2),
        low: Sequence[float] | None = None,
        high: Sequence[float] | None = None,
        name: str = "deeplabv3plus",
        **kwargs: Any,
    ) -> None:
        size = preset_of(preset)
        _check_strides(output_stride, decoder_strides)
        scaling = scaling_of(bands)
        lows = [item.low for item in scaling] if low is None else [float(value) for value in low]
        highs = [item.high for item in scaling] if high is None else [float(value) for value in high]

        inputs = keras.Input((None, None, len(bands)), name="bands")
        scaled = BandScaling(lows, highs, name="scaling", dtype="float32")(inputs)
        maps = features(scaled, size, output_stride)
        x = atrous_pyramid(maps[output_stride], size, output_stride)
        x = decode(x, maps, size, decoder_strides)
        logits = keras.layers.Conv2D(1, 1, name="logits", dtype="float32")(x)
        outputs = ResizeLike(name="resize", dtype="float32")([logits, inputs])
        super().__init__(inputs=inputs, outputs=outputs, name=name, **kwargs)

        self.bands = tuple(bands)
        self.preset = preset
        self.output_stride = output_stride
        self.decoder_strides = tuple(decoder_strides)
        self.low, self.high = lows, highs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the limits of the scaling among them."""
        return {
            "name": self.name,
            "bands": list(self.bands),
            "preset": self.preset,
            "output_stride": self.output_stride,
            "decoder_strides": list(self.decoder_strides),
            "low": list(self.low),
            "high": list(self.high),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> DeepLabV3Plus:
        """Return a model of a configuration, with fresh weights."""
        return cls(**config)


def _check_strides(output_stride: int, decoder_strides: Sequence[int]) -> None:
    if output_stride not in (8, 16):
        raise ConfigError(f"`output_stride` must be 8 or 16, received {output_stride}.")
    possible = [stride for stride in (8, 4, 2) if stride < output_stride]
    ordered = list(decoder_strides) == sorted(set(decoder_strides), reverse=True)
    if not decoder_strides or not ordered or not set(decoder_strides) <= set(possible):
        raise ConfigError(
            f"`decoder_strides` {tuple(decoder_strides)!r} is impossible at output_stride={output_stride}.",
            remedy=f"Choose from {possible}, coarse to fine, at least one.",
        )
