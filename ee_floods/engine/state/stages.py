"""The stages of a task, as operations report them (reference/rest/Shared.Types/OperationStage)."""

from __future__ import annotations

from typing import Any

__all__ = ["stages"]

_COMPUTE = ("Create Local Files", "Computation and writing of temporary files.")
_UPLOAD = ("Write Files to Destination", "Uploading of local files to the export destination.")
_INGEST = ("Ingestion", "Reading of the sources and writing of the asset.")
_STAGES = {"EXPORT": (_COMPUTE, _UPLOAD), "INGEST": (_INGEST,)}


def stages(kind: str, progress: float, *, published: bool) -> list[dict[str, Any]]:
    """Return the stages of a task that has been started.

    Args:
        kind: The operation's type word.
        progress: Share of the computation that is done, 0..1.
        published: Whether its results are where they belong.
    """
    found = []
    for name, description in _STAGES[kind.split("_")[0]]:
        done = published or (name != _UPLOAD[0] and progress >= 1)
        found.append(
            {
                "displayName": name,
                "description": description,
                "completeWorkUnits": 1.0 if done else 0.0 if name == _UPLOAD[0] else progress,
                "totalWorkUnits": "1",  # a 64-bit integer, a string in the service's JSON
            }
        )
    return found
