"""The shape of an expression graph: checked once, before anything is evaluated."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ee_floods.engine.errors import EngineError, bad_request

__all__ = ["DEEPEST", "Node", "Structure", "survey"]

Node = Mapping[str, Any]

DEEPEST = 20_000
"""Nested calls of a graph that are evaluated; the service's own bound is not published (assumed)."""

_NOTHING: frozenset[str] = frozenset()
_OPEN = -1  # the depth of a node whose inputs are being looked at
_INT64 = 2**63
_KINDS = frozenset(
    ("constantValue", "integerValue", "bytesValue", "arrayValue", "dictionaryValue", "argumentReference",
     "valueReference", "functionInvocationValue", "functionDefinitionValue")
)  # fmt: skip


@dataclass(frozen=True)
class Structure:
    """What is known of a graph that is sound.

    Args:
        depth: Nested values on the longest way from the result to a constant.
        free: By the id of a node: the arguments that it refers to and does not bind itself.
    """

    depth: int
    free: Mapping[int, frozenset[str]]


def survey(values: Mapping[str, Node], root: Node) -> Structure:
    """Look at every value that a result depends on, with no recursion.

    Args:
        values: The values by name.
        root: The node that is the result.

    Raises:
        EngineError: If a value is malformed or missing, depends on itself, or lies too deep.
    """
    checker = _Checker(values)
    depth: dict[int, int] = {}
    free: dict[int, frozenset[str]] = {}
    inputs: dict[int, Sequence[Node]] = {}
    path: list[Node] = [root]
    while path:
        node = path[-1]
        key = id(node)
        known = depth.get(key)
        if known is None:
            inputs[key] = below = checker.inputs(node)
            depth[key] = _OPEN
            for child in below:
                at = depth.get(id(child))
                if at is None:
                    path.append(child)
                elif at == _OPEN:
                    raise bad_request(
                        f"Invalid expression: the graph is cyclic: {checker.where(child)} depends on itself."
                    )
            continue
        path.pop()
        if known == _OPEN:
            below = inputs.pop(key)
            deepest = max((depth[id(child)] for child in below), default=0)
            depth[key] = deepest if "valueReference" in node else deepest + 1
            free[key] = _free(node, [free[id(child)] for child in below])
    found = depth[id(root)]
    if found > DEEPEST:
        raise bad_request(
            f"Invalid expression: it is nested {found} deep, and at most {DEEPEST} is possible."
        )
    return Structure(found, free)


def _free(node: Node, below: list[frozenset[str]]) -> frozenset[str]:
    if "argumentReference" in node:
        return frozenset((node["argumentReference"],))
    found = _NOTHING
    for names in below:
        if names and names is not found:
            found = found | names if found else names
    if found and "functionDefinitionValue" in node:
        found = found - frozenset(node["functionDefinitionValue"].get("argumentNames", ()))
    return found


class _Checker:
    """Checks the form of single nodes and finds what they are made of."""

    def __init__(self, values: Mapping[str, Node]) -> None:
        self._values = values

    def inputs(self, node: Any) -> Sequence[Node]:
        """Return the nodes that a node needs.

        Raises:
            EngineError: If it has not the form of a `ValueNode`.
        """
        if not isinstance(node, Mapping):
            raise self._invalid(node, "", "type.googleapis.com/google.earthengine.v1.ValueNode", node)
        if len(node) != 1:
            return self._several(node)
        ((kind, content),) = node.items()
        if kind == "functionInvocationValue":
            return self._invocation(node, content)
        if kind == "constantValue":
            return ()
        if kind == "valueReference":
            return (self._named(node, kind, content),)
        if kind == "arrayValue":
            items = self._object(node, kind, content).get("values", [])
            if not isinstance(items, list):
                raise self._invalid(node, f"{kind}.values", "a list", items)
            return items
        if kind == "dictionaryValue":
            return tuple(self._entries(node, kind, content, "values").values())
        if kind == "functionDefinitionValue":
            return self._definition(node, content)
        self._check_leaf(node, kind, content)
        return ()

    def where(self, node: Any) -> str:
        """Return where a node stands in the request, as the service writes such places."""
        for name, value in self._values.items():
            if value is node:
                return f"'expression.values[{name}]'"
        return "'expression'"

    def _several(self, node: Node) -> Sequence[Node]:
        if not node:  # no kind at all is null
            return ()
        unknown = sorted(map(str, node.keys() - _KINDS))
        if unknown:
            raise self._unknown(node, unknown[0])
        first, second = list(node)[:2]
        raise bad_request(
            f"Invalid value at {self.where(node)} (oneof), oneof field 'value' is already set by '{first}'. "
            f"Cannot set '{second}'."
        )

    def _invocation(self, node: Node, content: Any) -> Sequence[Node]:
        kind = "functionInvocationValue"
        content = self._object(node, kind, content)
        unknown = content.keys() - {"functionName", "functionReference", "arguments"}
        if unknown:
            raise self._unknown(node, sorted(map(str, unknown))[0])
        below = list(self._entries(node, kind, content, "arguments").values())
        if "functionReference" in content:
            below.append(self._named(node, f"{kind}.functionReference", content["functionReference"]))
        elif not isinstance(content.get("functionName"), str):
            raise self._invalid(node, f"{kind}.functionName", "TYPE_STRING", content.get("functionName"))
        return below

    def _definition(self, node: Node, content: Any) -> Sequence[Node]:
        kind = "functionDefinitionValue"
        content = self._object(node, kind, content)
        names = content.get("argumentNames", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._invalid(node, f"{kind}.argumentNames", "TYPE_STRING", names)
        return (self._named(node, f"{kind}.body", content.get("body")),)

    def _check_leaf(self, node: Node, kind: str, content: Any) -> None:
        if kind == "integerValue":
            if isinstance(content, bool) or not isinstance(content, (str, int)) or not _is_int64(content):
                raise self._invalid(node, kind, "TYPE_INT64", content)
        elif kind == "argumentReference":
            if not isinstance(content, str):
                raise self._invalid(node, kind, "TYPE_STRING", content)
        elif kind == "bytesValue":
            try:
                base64.b64decode(content, validate=True)
            except (TypeError, ValueError, binascii.Error):
                raise self._invalid(node, kind, "TYPE_BYTES", content) from None
        else:
            raise self._unknown(node, kind)

    def _named(self, node: Node, kind: str, name: Any) -> Node:
        if not isinstance(name, str):
            raise self._invalid(node, kind, "TYPE_STRING", name)
        if name not in self._values:
            raise bad_request(f"Invalid expression: the value '{_shown(name)}' is not defined.")
        return self._values[name]

    def _object(self, node: Node, kind: str, content: Any) -> Mapping[str, Any]:
        if not isinstance(content, Mapping):
            raise self._invalid(node, kind, "a JSON object", content)
        return content

    def _entries(self, node: Node, kind: str, content: Any, member: str) -> Mapping[str, Node]:
        entries = self._object(node, kind, content).get(member, {})
        return self._object(node, f"{kind}.{member}", entries)

    def _invalid(self, node: Any, kind: str, wanted: str, found: Any) -> EngineError:
        place = self.where(node).rstrip("'") + (f".{kind}'" if kind else "'")
        return bad_request(f"Invalid value at {place} ({wanted}), {_shown(found)}")

    def _unknown(self, node: Node, name: str) -> EngineError:
        return bad_request(
            f'Invalid JSON payload received. Unknown name "{_shown(name)}" at {self.where(node)}: '
            "Cannot find field."
        )


def _is_int64(content: str | int) -> bool:
    try:
        return -_INT64 <= int(content) < _INT64
    except ValueError:
        return False


def _shown(value: Any) -> str:
    """A value as a message shows it: short, whatever it is."""
    try:
        return str(value)[:100]
    except (RecursionError, ValueError):  # too deep, or an integer of thousands of digits
        return f"<{type(value).__name__}>"
