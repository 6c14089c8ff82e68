"""The loop: steps, validation, the best weights kept; the same for teacher, student and every comparison."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.config.training import TrainingConfig
from ee_floods.errors import EEFloodsError
from ee_floods.metrics.confusion import Counts, confusion
from ee_floods.models.keras_backend import Model, backend_name, keras
from ee_floods.training.examples import Examples

__all__ = ["Progress", "Validation", "fit", "predict_logits", "validate"]

logger = logging.getLogger(__name__)

Array = NDArray[np.float32]
Progress = Callable[[int, int, dict[str, float]], None]
"""Called after every step with the step, the number of steps and what was measured."""


@dataclass(frozen=True)
class Validation:
    """The best state of a run, by pooled IoU on the validation chips.

    Args:
        step: Step whose weights were kept.
        counts: Of the validation chips at a probability of 0.5; None without validation chips.
        loss: Mean training loss of the last steps.
    """

    step: int
    counts: Counts | None
    loss: float

    @property
    def metrics(self) -> dict[str, float | None]:
        """For the card: ratios 0..1."""
        counts = self.counts or Counts()
        return {
            "validation_iou": counts.iou,
            "validation_precision": counts.precision,
            "validation_recall": counts.recall,
            "loss": self.loss,
        }


def fit(
    model: Model,
    batches: Iterator[tuple[Array, Array]],
    loss: Callable[[Any, Any], Any],
    config: TrainingConfig,
    validation: Examples | None,
    progress: Progress | None = None,
) -> Validation:
    """Train a model in place and leave it with its best weights.

    Args:
        model: Takes bands `(N, H, W, C)`, returns logits `(N, H, W, 1)`.
        batches: Endless, see `data.batches`.
        loss: Of targets `(N, H, W, K)` and logits; a scalar.
        config: Steps, learning rate and the rest.
        validation: Hand-labelled chips that choose the best weights; None keeps the last ones.
        progress: Told of every step.

    Raises:
        EEFloodsError: If the loss is not finite before any validation; afterwards the run stops, says so in
            the log, and the best weights are kept.
    """
    # XLA on a CPU takes twice as long per step as TensorFlow's own kernels (measured on 2 cores with 240,000
    # weights and 8 x 128 x 128 pixels: 143 against 78 ms), and half as long again to compile.
    jit: bool | str = False if backend_name() == "tensorflow" else "auto"
    model.compile(optimizer=_optimiser(config), loss=loss, jit_compile=jit)
    best: tuple[float, Validation, list[Any]] | None = None
    recent: list[float] = []
    for step in range(1, config.steps + 1):
        value = float(model.train_on_batch(*next(batches)))
        if not math.isfinite(value):
            if best is None:
                raise EEFloodsError(
                    f"Training diverged: the loss is {value} at step {step}.",
                    remedy=f"Lower `learning_rate` (now {config.learning_rate:g}).",
                )
            logger.warning(
                "the loss is %s at step %d: kept the weights of step %d", value, step, best[1].step
            )
            break
        recent = [*recent[-19:], value]
        report = {"loss": value}
        if validation is not None and (step % config.validate_every == 0 or step == config.steps):
            counts = validate(model, validation, config.batch_size)
            score = counts.iou or 0.0
            report["validation_iou"] = score
            if best is None or score >= best[0]:
                best = (score, Validation(step, counts, float(np.mean(recent))), model.get_weights())
        if progress is not None:
            progress(step, config.steps, report)
    if best is None:
        logger.warning("no validation chip has a hand label: kept the weights of the last step")
        return Validation(config.steps, None, float(np.mean(recent)))
    model.set_weights(best[2])
    return best[1]


def validate(model: Model, examples: Examples, batch_size: int) -> Counts:
    """Return the pooled counts of a model on labelled chips, water where the logit is at least 0."""
    logits = predict_logits(model, examples.inputs, batch_size)
    return confusion(logits >= 0, examples.labels)


def predict_logits(model: Model, inputs: Array, batch_size: int) -> Array:
    """Return logits `(N, H, W)` of inputs `(N, H, W, C)`, in batches of one size: one graph serves all."""
    out = np.empty(inputs.shape[:3], np.float32)
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        missing = min(batch_size, len(inputs)) - len(batch)
        padded = np.concatenate([batch, np.repeat(batch[:1], missing, axis=0)]) if missing else batch
        logits = np.asarray(model.predict_on_batch(padded))
        out[start : start + len(batch)] = logits[: len(batch), ..., 0]
    return out


def _optimiser(config: TrainingConfig) -> Any:
    warmup = int(config.steps * config.warmup)
    floor = 0.0 if config.schedule == "cosine" else 1.0
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 10 if warmup else config.learning_rate,
        max(1, config.steps - warmup),
        alpha=floor,
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimiser = keras.optimizers.AdamW(
        schedule, weight_decay=config.weight_decay, global_clipnorm=config.clip_norm
    )
    # Scales and biases are few and set levels: pulling them to 0 only fights the normalisation.
    optimiser.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimiser
