"""Options that several commands share, and the session they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ee_floods.session import Session

__all__ = ["Bucket", "Json", "Local", "Project", "State", "open_session"]

Local = Annotated[bool, typer.Option("--local", help="Use the local engine (its world is SIMULATED).")]
Project = Annotated[str | None, typer.Option("--project", help="Cloud project for the real Earth Engine.")]
State = Annotated[Path | None, typer.Option("--state", help="Folder of the local engine's state.")]
Bucket = Annotated[
    str | None,
    typer.Option("--bucket", help="Cloud Storage bucket for exports and uploads."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def open_session(local: bool, project: str | None, state: Path | None) -> Session:
    """Return the session that the options, the environment and the settings files choose.

    Raises:
        ConfigError: If nobody chose and there are no credentials; both remedies are named.
    """
    from ee_floods.session import connect

    return connect(project, engine="local" if local else None, state=state)
