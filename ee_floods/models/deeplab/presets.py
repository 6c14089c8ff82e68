"""Sizes of the network by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ee_floods.errors import ConfigError, suggest

__all__ = ["PRESETS", "Preset", "Stage", "preset"]


@dataclass(frozen=True)
class Stage:
    """One stage of the backbone, which halves the resolution of the one before.

    Args:
        filters: Output channels.
        blocks: Inverted residual blocks.
        expansion: Channels inside a block over channels at its input.
        fused: One full 3x3 convolution in place of 1x1 and depthwise 3x3 (EfficientNetV2): more arithmetic
            but faster on CPUs where there are few channels.
    """

    filters: int
    blocks: int
    expansion: int
    fused: bool


@dataclass(frozen=True)
class Preset:
    """A size of DeepLabV3+.

    Args:
        stem: Channels of the first convolution, at stride 2.
        stages: Stages at strides 4, 8, 16.
        aspp_filters: Channels of each ASPP branch and of its output.
        aspp_rates: Dilations of the atrous branches at output stride 16; doubled at 8.
        decoder_filters: Channels of the decoder.
        skip_filters: Channels to which features of the backbone are reduced before they join the decoder.
    """

    stem: int
    stages: tuple[Stage, ...]
    aspp_filters: int
    aspp_rates: tuple[int, ...]
    decoder_filters: int
    skip_filters: int


PRESETS: Mapping[str, Preset] = {
    "light": Preset(
        stem=16,
        stages=(Stage(24, 1, 2, True), Stage(40, 2, 3, True), Stage(64, 2, 3, False)),
        aspp_filters=64,
        aspp_rates=(2, 4),
        decoder_filters=32,
        skip_filters=16,
    ),
    "tiny": Preset(
        stem=8,
        stages=(Stage(8, 1, 2, True), Stage(16, 1, 2, False), Stage(16, 1, 2, False)),
        aspp_filters=16,
        aspp_rates=(2, 4),
        decoder_filters=8,
        skip_filters=8,
    ),
}


def preset(name: str) -> Preset:
    """Return a preset.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in PRESETS:
        raise ConfigError(f"`preset` {name!r} is unknown.", remedy=suggest(name, PRESETS))
    return PRESETS[name]
