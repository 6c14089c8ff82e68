"""Decision trees as R prints them: a node a line, its depth by the indentation."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request

__all__ = ["Trees", "parsed_tree"]

# "  2) NDVI< 0.3 120 4.5 1 (0.1 0.9) *": the test, the count, the deviance and the value.
_NODE = re.compile(
    r"^(?P<indent>\s*)\d+\)\s+(?:root|(?P<name>.+?)\s*(?P<sign><=|>=|<|>)\s*(?P<limit>[-+\d.eE]+))"
    r"\s+\S+\s+\S+\s+(?P<value>[-+\d.eE]+)(?:\s+\(.*\))?\s*\*?\s*$"
)
_SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass
class _Node:
    depth: int
    name: str | None
    sign: str | None
    limit: float
    value: float
    children: list[_Node] = field(default_factory=list)

    def everything(self) -> list[_Node]:
        return [self, *(node for child in self.children for node in child.everything())]


def parsed_tree(text: str) -> _Node:
    """Return the root of a printed tree.

    Raises:
        EngineError: If a line is no node, or there is not one root.
    """
    path: list[_Node] = []
    for line in text.splitlines():
        found = _NODE.match(line)
        if found is None:
            # R prints a legend above the root.
            if not line.strip() or (not path and not re.match(r"\s*\d+\)\s*root", line)):
                continue
            raise bad_request(f"Unable to parse the decision tree: '{line.strip()[:100]}'.")
        limit = float(found["limit"]) if found["limit"] else 0.0
        node = _Node(len(found["indent"]), found["name"], found["sign"], limit, float(found["value"]))
        while path and path[-1].depth >= node.depth and len(path) > 1:
            path.pop()
        if path and node.name is None:
            raise bad_request("Unable to parse the decision tree: there are two roots.")
        if path:
            path[-1].children.append(node)
        path.append(node)
    if not path or path[0].name is not None:
        raise bad_request("Unable to parse the decision tree: there is no root.")
    return path[0]


class Trees:
    """Votes of decision trees, as an estimator of rows.

    Args:
        roots: At least one.
    """

    def __init__(self, roots: list[_Node]) -> None:
        self._roots = roots
        nodes = [node for root in roots for node in root.everything()]
        self.schema = tuple(sorted({node.name for node in nodes if node.name is not None}))
        self.classes = tuple(sorted({round(node.value) for node in nodes if not node.children}))

    def predict_proba(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the trees that vote for each class."""
        votes = np.stack([np.rint(self._values(root, rows)) for root in self._roots])
        return np.stack([(votes == label).mean(axis=0) for label in self.classes], axis=1)

    def predict(self, rows: NDArray[np.float64]) -> NDArray[Any]:
        """Return the class that most trees vote for, the smallest of several."""
        chosen: NDArray[Any] = np.asarray(self.classes)[self.predict_proba(rows).argmax(axis=1)]
        return chosen

    def _values(self, node: _Node, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        answer = np.full(len(rows), node.value)
        left = np.ones(len(rows), bool)
        for child in node.children:
            column = rows[:, self.schema.index(child.name or "")]
            taken = left & _SIGNS[child.sign or "<"](column, child.limit)
            answer[taken] = self._values(child, rows[taken])
            left &= ~taken
        return answer
