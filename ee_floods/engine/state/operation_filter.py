"""The filter of a listing of operations (AIP-160): comparisons of a few fields, joined by AND."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ee_floods.engine.errors import bad_request

__all__ = ["OperationFilter"]

_CLAUSE = re.compile(r'\s*(?:metadata\.)?(\w+)\s*(=|!=)\s*(?:"([^"]*)"|([\w-]+))\s*')
_COLUMNS = {"state": "state", "type": "kind", "description": "description"}
_ENDED = "state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')"


@dataclass(frozen=True)
class OperationFilter:
    """A condition on rows of operations.

    Args:
        sql: The condition, with placeholders.
        values: What takes their places.
    """

    sql: str = "1"
    values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> OperationFilter:
        """Read a filter such as `metadata.state = "RUNNING" AND done = false`.

        Raises:
            EngineError: If it compares another field, or in another way.
        """
        conditions, values = [], []
        for clause in re.split(r"\s+AND\s+", text) if text.strip() else ():
            match = _CLAUSE.fullmatch(clause)
            if match is None:
                raise bad_request(f"Invalid filter clause: '{clause[:80]}'.")
            name, operator, value = match[1], match[2], match[3] if match[3] is not None else match[4]
            if name == "done" and value in ("true", "false"):
                wanted = (value == "true") == (operator == "=")
                conditions.append(_ENDED if wanted else f"NOT ({_ENDED})")
            elif name in _COLUMNS:
                conditions.append(f"{_COLUMNS[name]} {operator} ?")
                values.append(value)
            else:
                raise bad_request(
                    f"Invalid filter field '{name}'. Operations are filtered by done, metadata.state, "
                    "metadata.type and metadata.description."
                )
        return cls(" AND ".join(conditions) or "1", tuple(values))
