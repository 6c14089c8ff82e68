"""Losses over the pixels that count, from logits, in `keras.ops` alone.

Every loss is a mean over pixels with a weight; a batch without such a pixel gives 0 and no gradient, not NaN.
"""

from __future__ import annotations

from typing import Any

from ee_floods.models.keras_backend import ops

__all__ = ["distillation", "masked_cross_entropy", "masked_mean"]


def masked_mean(values: Any, weights: Any) -> Any:
    """Return the weighted mean of `values`, 0 where all `weights` are.

    Args:
        values: `(N, H, W, 1)`, finite.
        weights: Of the same shape, not negative.
    """
    total = ops.sum(weights)
    # Dividing by 1 instead of by 0 keeps both the value and the gradient at 0.
    return ops.sum(values * weights) / ops.where(total > 0, total, ops.ones_like(total))


def masked_cross_entropy(labels: Any, logits: Any, *, water_weight: float = 1.0) -> Any:
    """Return the binary cross entropy over valid pixels.

    Args:
        labels: `(N, H, W, 1)` of -1 (ignored), 0 and 1.
        logits: Of the same shape.
        water_weight: Weight of water pixels; dry ones have 1. The mean is over the sum of weights.
    """
    valid = ops.cast(labels >= 0, logits.dtype)
    water = ops.cast(labels > 0, logits.dtype)
    weights = valid * (1.0 + (water_weight - 1.0) * water)
    return masked_mean(_cross_entropy(water, logits), weights)


def distillation(teacher_logits: Any, student_logits: Any, weights: Any, *, temperature: float = 1.0) -> Any:
    """Return the cross entropy of the student against the teacher's softened probability, times T².

    The square keeps the gradient's size independent of the temperature (Hinton, Vinyals and Dean,
    Distilling the Knowledge in a Neural Network, 2015, section 2).

    Args:
        teacher_logits: `(N, H, W, 1)`, finite everywhere, of no effect where `weights` is 0.
        student_logits: Of the same shape.
        weights: Of the same shape: 0 where the teacher cannot see.
        temperature: T; both logits are divided by it.
    """
    soft = ops.sigmoid(teacher_logits / temperature)
    return masked_mean(_cross_entropy(soft, student_logits / temperature), weights) * temperature**2


def _cross_entropy(targets: Any, logits: Any) -> Any:
    # max(z, 0) - z t + log(1 + exp(-|z|)): exact for logits of any size.
    return ops.relu(logits) - logits * targets + ops.log1p(ops.exp(-ops.abs(logits)))
