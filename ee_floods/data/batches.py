"""Batches for training, drawn from arrays in memory by a seeded generator: same seed, same batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ee_floods.data.augmentation import random_crop, random_symmetry
from ee_floods.errors import InputError

__all__ = ["Group", "batches", "group_sizes"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Group:
    """Chips of one kind and their share of every batch.

    Args:
        chips: Places along the first axis of the arrays.
        share: Part of a batch, 0..1; the shares of all groups sum to 1.
    """

    chips: tuple[int, ...]
    share: float


def group_sizes(groups: Sequence[Group], batch_size: int) -> tuple[int, ...]:
    """Return how many chips of each group make a batch.

    A group that has chips and a share has at least one place; an empty group's places go to the others.

    Raises:
        InputError: If no group has a chip, or the batch is too small for the groups.
    """
    live = [group if group.chips and group.share > 0 else None for group in groups]
    total = sum(group.share for group in live if group)
    count = sum(group is not None for group in live)
    if not count:
        raise InputError("There is no chip to train on.", remedy="Check the splits and label counts.")
    if batch_size < count:
        raise InputError(
            f"`batch_size` {batch_size} is too small for {count} groups of chips.",
            remedy=f"Give at least {count}.",
        )
    sizes = [max(1, round(batch_size * group.share / total)) if group else 0 for group in live]
    # Rounding may miss the batch size by a place or two: the largest group gives or takes.
    largest = max(range(len(sizes)), key=sizes.__getitem__)
    sizes[largest] += batch_size - sum(sizes)
    return tuple(sizes)


def batches(
    inputs: Array,
    targets: Array,
    groups: Sequence[Group],
    *,
    batch_size: int,
    crop: int,
    augment: bool,
    seed: int,
) -> Iterator[tuple[Array, Array]]:
    """Yield batches without end.

    Every group is walked in a new random order once all its chips were seen. Crop and symmetry are drawn once
    per chip, for its bands and targets together.

    Args:
        inputs: Bands `(M, H, W, C)`, float32.
        targets: Labels and whatever else belongs to the same pixels, `(M, H, W, K)`, float32.
        groups: Which chips, in which shares.
        batch_size: Chips in a batch, N.
        crop: Side of the random crops in pixels.
        augment: Whether to apply a random flip and rotation.
        seed: Seed of all draws.

    Yields:
        `(N, crop, crop, C)` and `(N, crop, crop, K)`, contiguous.

    Raises:
        InputError: If the crop is larger than the chips, or the groups cannot fill a batch.
    """
    height, width = inputs.shape[1:3]
    if not 0 < crop <= min(height, width):
        raise InputError(
            f"`crop` {crop} does not fit into chips of {height} x {width} pixels.",
            remedy=f"Give a crop of at most {min(height, width)}.",
        )
    sizes = group_sizes(groups, batch_size)
    return _draw(inputs, targets, groups, sizes, crop, augment, np.random.default_rng(seed))


def _draw(
    inputs: Array,
    targets: Array,
    groups: Sequence[Group],
    sizes: Sequence[int],
    crop: int,
    augment: bool,
    rng: np.random.Generator,
) -> Iterator[tuple[Array, Array]]:
    decks = [_deck(np.asarray(group.chips, np.intp), rng) for group in groups]
    while True:
        x = np.empty((sum(sizes), crop, crop, inputs.shape[-1]), np.float32)
        y = np.empty((sum(sizes), crop, crop, targets.shape[-1]), np.float32)
        place = 0
        for deck, size in zip(decks, sizes, strict=True):
            for _ in range(size):
                chip = next(deck)
                rows, cols = random_crop(rng, (inputs.shape[1], inputs.shape[2]), crop)
                pair = (inputs[chip, rows, cols], targets[chip, rows, cols])
                x[place], y[place] = random_symmetry(rng, *pair) if augment else pair
                place += 1
        yield x, y


def _deck(chips: NDArray[np.intp], rng: np.random.Generator) -> Iterator[int]:
    while True:
        for chip in rng.permutation(chips):
            yield int(chip)
