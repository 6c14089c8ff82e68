"""From a model's name to a model: `baseline:otsu`, `baseline:vh-threshold=-22`, `file:student.keras`."""

from __future__ import annotations

import math
from pathlib import Path

from ee_floods.errors import ConfigError, ModelMismatchError, suggest
from ee_floods.models.predictor import Predictor

__all__ = ["MODEL_NAMES", "open_predictor"]

MODEL_NAMES = ("baseline:otsu", "baseline:vh-threshold", "file:PATH.keras")
"""Forms that a model's name can take."""


def open_predictor(name: str) -> Predictor:
    """Return the model of a name.

    Args:
        name: `baseline:otsu`, `baseline:vh-threshold[=DB]`, `file:PATH`, or a bare path to a `.keras` file.

    Raises:
        ConfigError: If the threshold is not a number of dB.
        ModelMismatchError: If there is no such model; the nearest name is suggested.
    """
    scheme, _, rest = name.partition(":")
    if scheme == "baseline":
        return _baseline(name, rest)
    path = Path(rest if scheme == "file" else name)
    if path.suffix == ".keras":
        from ee_floods.models.keras_model import KerasPredictor

        return KerasPredictor.load(path)
    raise ModelMismatchError(
        f"`model` {name!r} is unknown.",
        remedy=f"{suggest(name, MODEL_NAMES[:2])} A trained model is a .keras file.",
    )


def _baseline(name: str, rest: str) -> Predictor:
    from ee_floods.models.baselines import OtsuBaseline, ThresholdBaseline

    kind, given, value = rest.partition("=")
    if kind == "otsu" and not given:
        return OtsuBaseline()
    if kind == "vh-threshold":
        if not given:
            return ThresholdBaseline()
        try:
            threshold = float(value)
            if not math.isfinite(threshold):
                raise ValueError(value)
            return ThresholdBaseline(threshold)
        except ValueError as error:
            raise ConfigError(
                f"`model` {name!r}: {value!r} is not a number of dB.",
                remedy="Write for example baseline:vh-threshold=-22.5.",
            ) from error
    raise ModelMismatchError(
        f"`model` {name!r} is unknown.", remedy=suggest(name, ("baseline:otsu", "baseline:vh-threshold"))
    )
