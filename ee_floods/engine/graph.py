"""Interpretation of expression graphs: nodes, functions, and what may be remembered where."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.registry import algorithms
from ee_floods.engine.request import Request
from ee_floods.engine.signatures import signature
from ee_floods.engine.values.elements import Function

__all__ = ["Interpreter", "truthy"]

Node = Mapping[str, Any]
_NOTHING: frozenset[str] = frozenset()
_MISSING = object()


class _Frame:
    """Bindings of one call, and what was computed under them."""

    __slots__ = ("bindings", "memo", "parent")

    def __init__(self, bindings: Mapping[str, Any], parent: _Frame | None) -> None:
        self.bindings = bindings
        self.memo: dict[int, Any] = {}
        self.parent = parent


class Interpreter:
    """Evaluates one expression.

    A node is remembered in the innermost call that binds one of its free arguments, so that nested maps
    and joins, which share node ids, never see each other's values.

    Args:
        expression: `{"result", "values"}`, or a bare value node.
        request: What algorithms may ask for.
    """

    def __init__(self, expression: Node, request: Request) -> None:
        if "values" in expression and "result" in expression:
            self._values: Mapping[str, Node] = expression["values"]
            self._root: Node = {"valueReference": expression["result"]}
        else:
            self._values, self._root = {}, expression
        self._request = request
        self._free_names: dict[int, frozenset[str]] = {}
        self._global = _Frame({}, None)
        self._algorithms = algorithms()
        request.call = self.invoke

    def evaluate(self) -> Any:
        """Return the value of the expression.

        Raises:
            EngineError: As the service answers it.
        """
        return self._value(self._root, self._global)

    def _value(self, node: Node, frame: _Frame) -> Any:
        node = self._resolve(node)
        if "constantValue" in node:
            return node["constantValue"]
        if "argumentReference" in node:
            return _lookup(node["argumentReference"], frame)
        home = self._home(self._free(node), frame)
        key = id(node)
        found = home.memo.get(key, _MISSING)
        if found is _MISSING:
            found = home.memo[key] = self._compute(node, frame)
        return found

    def _resolve(self, node: Node) -> Node:
        while "valueReference" in node:
            reference = node["valueReference"]
            if reference not in self._values:
                raise bad_request(f"Invalid expression: the value '{reference}' is not defined.")
            node = self._values[reference]
        return node

    @staticmethod
    def _home(free: frozenset[str], frame: _Frame) -> _Frame:
        current = frame
        while current.parent is not None and free.isdisjoint(current.bindings):
            current = current.parent
        return current

    def _free(self, node: Node) -> frozenset[str]:
        """Names of the arguments that a node refers to and does not bind itself."""
        node = self._resolve(node)
        if "argumentReference" in node:
            return frozenset((node["argumentReference"],))
        key = id(node)
        found = self._free_names.get(key)
        if found is None:
            if "functionDefinitionValue" in node:
                definition = node["functionDefinitionValue"]
                body = self._free({"valueReference": definition["body"]})
                found = body - frozenset(definition.get("argumentNames", ()))
            else:
                found = _NOTHING.union(*(self._free(child) for child in _children(node)))
            self._free_names[key] = found
        return found

    def _compute(self, node: Node, frame: _Frame) -> Any:
        if "functionInvocationValue" in node:
            return self._invocation(node["functionInvocationValue"], frame)
        if "arrayValue" in node:
            return [self._value(item, frame) for item in node["arrayValue"].get("values", ())]
        if "dictionaryValue" in node:
            items = node["dictionaryValue"].get("values", {})
            return {key: self._value(item, frame) for key, item in items.items()}
        if "functionDefinitionValue" in node:
            definition = node["functionDefinitionValue"]
            body = {"valueReference": definition["body"]}

            def call(bindings: Mapping[str, Any]) -> Any:
                return self._value(body, _Frame(bindings, frame))

            return Function(tuple(definition.get("argumentNames", ())), call)
        if "integerValue" in node:
            return int(node["integerValue"])
        if "bytesValue" in node:
            return base64.b64decode(node["bytesValue"])
        if not node:
            return None
        raise bad_request(f"Invalid expression: unknown kind of value {sorted(node)}.")

    def _invocation(self, invocation: Node, frame: _Frame) -> Any:
        arguments: Mapping[str, Node] = invocation.get("arguments", {})
        if "functionReference" in invocation:
            function = self._value({"valueReference": invocation["functionReference"]}, frame)
            if isinstance(function, str):
                return self.invoke(function, {k: self._value(v, frame) for k, v in arguments.items()})
            if not isinstance(function, Function):
                raise bad_request("Invalid expression: what is called is not a function.")
            return function.call({name: self._value(node, frame) for name, node in arguments.items()})
        name = invocation["functionName"]
        if name == "If":
            branch = "trueCase" if truthy(self._argument(arguments, "condition", frame)) else "falseCase"
            return self._argument(arguments, branch, frame)
        return self.invoke(name, {key: self._value(node, frame) for key, node in arguments.items()})

    def _argument(self, arguments: Mapping[str, Node], name: str, frame: _Frame) -> Any:
        return self._value(arguments[name], frame) if name in arguments else None

    def invoke(self, name: str, given: Mapping[str, Any]) -> Any:
        """Call an algorithm with arguments by name, promoted as its signature says.

        Raises:
            EngineError: If it is unknown or not implemented, or an argument is missing or of a wrong type.
        """
        found = self._algorithms.get(name)
        if found is None:
            if signature(name) is None:
                raise bad_request(f"Unknown function name '{name}'.")
            raise EngineError(
                f"{name}: Algorithm '{name}' is not available: the local engine does not implement it.", 400
            )
        values = []
        for argument in found.signature.arguments:
            value = given.get(argument.name)
            if value is None:
                if argument.name not in given and not argument.optional:
                    raise bad_request(
                        f"{name}: Required argument ({argument.name}) missing to function: {found.signature}"
                    )
                value = argument.default
                if value is None and not argument.optional and argument.type != "Object":
                    raise bad_request(f"{name}: Parameter '{argument.name}' is required and may not be null.")
            if value is not None:
                try:
                    value = coerce(value, argument.type, argument.name)
                except EngineError as error:
                    if not error.message.startswith("argument '"):
                        raise
                    raise EngineError(f"{name}, {error.message}", error.code) from error
            values.append(value)
        try:
            if found.wants_request:
                return found.function(self._request, *values)
            return found.function(*values)
        except EngineError as error:
            raise _located(error, name) from error


def _located(error: EngineError, name: str) -> EngineError:
    """Return the error with the name of the innermost algorithm in front."""
    if getattr(error, "located", False):
        return error
    located = EngineError(f"{name}: {error.message}", error.code, error.status)
    located.located = True  # type: ignore[attr-defined]
    return located


def _lookup(name: str, frame: _Frame) -> Any:
    current: _Frame | None = frame
    while current is not None:
        if name in current.bindings:
            return current.bindings[name]
        current = current.parent
    raise bad_request(f"Invalid expression: the argument '{name}' is not bound.")


def _children(node: Node) -> list[Node]:
    if "functionInvocationValue" in node:
        invocation = node["functionInvocationValue"]
        children = list(invocation.get("arguments", {}).values())
        if "functionReference" in invocation:
            children.append({"valueReference": invocation["functionReference"]})
        return children
    if "arrayValue" in node:
        return list(node["arrayValue"].get("values", ()))
    if "dictionaryValue" in node:
        return list(node["dictionaryValue"].get("values", {}).values())
    return []


def truthy(value: Any) -> bool:
    """Whether a condition holds: 0, NaN, null and empty strings, lists and dictionaries do not."""
    if value is None:
        return False
    if isinstance(value, (int, float, np.number)):
        return bool(value == value and value != 0)
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value) > 0
    return True
