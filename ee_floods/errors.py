"""The exception tree: what went wrong, with which value, and what to do about it.

Every error that this package raises on purpose derives from `EEFloodsError` and carries a `remedy`,
one sentence that a person can act on, and an `exit_code`, which the command line returns.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AccessError",
    "ConfigError",
    "CorruptFileError",
    "EEFloodsError",
    "FormatVersionError",
    "GridMismatchError",
    "IncompleteError",
    "InputError",
    "MissingExtraError",
    "ModelMismatchError",
    "NoScenesError",
    "QuotaError",
    "RestrictedModeError",
    "ServiceError",
    "TaskFailedError",
    "TransientError",
    "UnitsError",
    "suggest",
]


class EEFloodsError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: What is wrong, naming the argument or file and its value.
        remedy: One sentence that says what to do; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigError(EEFloodsError):
    """A setting, flag or configuration file is wrong or missing."""

    exit_code = 2


class InputError(EEFloodsError):
    """A file or array given by the user cannot be used as it is."""


class GridMismatchError(InputError):
    """Two rasters that must share a grid do not."""


class UnitsError(InputError):
    """Values are outside what their unit allows (linear power given as dB, say)."""


class CorruptFileError(InputError):
    """A file is cut short, or its checksum does not match."""


class FormatVersionError(InputError):
    """A file was written with a schema that this version does not read."""


class ModelMismatchError(InputError):
    """A model is unknown, or does not fit the bands or the scale of its input."""


class NoScenesError(EEFloodsError):
    """A query left no scene; the message names the filter and how far it missed."""


class ServiceError(EEFloodsError):
    """Earth Engine or Cloud Storage answered with an error."""


class TransientError(ServiceError):
    """A failure that may pass: the same request can succeed later."""


class QuotaError(ServiceError):
    """A limit of the service was met (rate, size, memory, time, number of tasks)."""


class RestrictedModeError(ServiceError):
    """The project's compute for the month is spent: retrying cannot help."""


class AccessError(ServiceError):
    """No credentials, or no permission."""


class TaskFailedError(ServiceError):
    """A batch task ended in FAILED or CANCELLED."""


class MissingExtraError(EEFloodsError):
    """An optional dependency is not installed; the remedy is the exact command."""

    exit_code = 2


class IncompleteError(EEFloodsError):
    """Part of the work is done and kept; the same command resumes it."""

    exit_code = 3


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known name nearest to `name`, or the list of known names.

    Args:
        name: What the user wrote.
        known: The names that exist.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]!r}?"
    return "Known: " + ", ".join(names) + "."
