"""A project's configuration (reference/rest/v1/ProjectConfig): how many exports it runs at once."""

from __future__ import annotations

from typing import Any

from ee_floods.engine.errors import bad_request
from ee_floods.engine.state.database import Database

__all__ = ["PLAN_AT_ONCE", "ProjectConfig"]

PLAN_AT_ONCE = 2
"""Batch tasks that run side by side in a project, on average at the service (guides/usage#tasks)."""


class ProjectConfig:
    """Reads and writes the configuration of the projects of a state folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def at_once(self, project: str) -> int:
        """Return how many tasks of a project may run side by side."""
        return int(self._database.setting(_key(project)) or PLAN_AT_ONCE)

    def set_at_once(self, project: str, value: Any) -> None:
        """Change how many tasks of a project may run side by side; None goes back to the plan's.

        Raises:
            EngineError: If it is no number from 1 to the plan's.
        """
        number = PLAN_AT_ONCE if value is None else value
        text = str(number)
        if isinstance(number, bool) or text not in map(str, range(1, PLAN_AT_ONCE + 1)):
            raise bad_request(
                f"Invalid value for max_concurrent_exports: {text[:40]!r} is not in 1..{PLAN_AT_ONCE}."
            )
        self._database.set_setting(_key(project), text)

    def to_resource(self, project: str) -> dict[str, Any]:
        """Return the REST `ProjectConfig`."""
        return {
            "name": f"projects/{project}/config",
            "registrationState": "REGISTERED_NOT_COMMERCIALLY",
            "maxConcurrentExports": self.at_once(project),
            "planMaxConcurrentExports": PLAN_AT_ONCE,
        }


def _key(project: str) -> str:
    return f"max-concurrent-exports/{project}"
