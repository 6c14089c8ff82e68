"""Interpretation of expression graphs: nodes, functions, and what may be remembered where."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import EngineError, bad_request, located
from ee_floods.engine.foreseen import FAILURES, failure
from ee_floods.engine.registry import algorithms
from ee_floods.engine.request import Request
from ee_floods.engine.signatures import Signature, signature, signatures
from ee_floods.engine.structure import Node, survey
from ee_floods.engine.values.elements import Function
from ee_floods.engine.values.image import Image

__all__ = ["Interpreter", "truthy"]

_MISSING = object()
_INT64 = 2**63


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

    Raises:
        EngineError: If the expression is malformed, cyclic or too deep.
    """

    def __init__(self, expression: Node, request: Request) -> None:
        if not isinstance(expression, Mapping):
            raise bad_request("Invalid value at 'expression' (a JSON object).")
        if "values" in expression and "result" in expression:
            self._values: Mapping[str, Node] = expression["values"]
            self._root: Node = {"valueReference": expression["result"]}
            if not isinstance(self._values, Mapping):
                raise bad_request("Invalid value at 'expression.values' (a JSON object).")
        else:
            self._values, self._root = {}, expression
        self._free = survey(self._values, self._root).free
        self._request = request
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
            return self._constant(node)
        if "argumentReference" in node:
            return _lookup(node["argumentReference"], frame)
        home = self._home(self._free[id(node)], frame)
        key = id(node)
        found = home.memo.get(key, _MISSING)
        if found is _MISSING:
            found = home.memo[key] = self._compute(node, frame)
        return found

    def _constant(self, node: Node) -> Any:
        value = node["constantValue"]
        if not isinstance(value, (int, list, Mapping)):
            return value
        found = self._global.memo.get(id(node), _MISSING)
        if found is _MISSING:
            found = self._global.memo[id(node)] = _constant(value)
        return found

    def _resolve(self, node: Node) -> Node:
        while "valueReference" in node:
            node = self._values[node["valueReference"]]
        return node

    @staticmethod
    def _home(free: frozenset[str], frame: _Frame) -> _Frame:
        current = frame
        while current.parent is not None and free.isdisjoint(current.bindings):
            current = current.parent
        return current

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
        return None

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
            _check_names(signatures()["If"], arguments)
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
                raise bad_request(f"Unknown function name '{name[:100]}'.")
            raise EngineError(
                f"{name}: Algorithm '{name}' is not available: the local engine does not implement it.", 400
            )
        try:
            values = _promoted(found.signature, given)
            answer = found.function(*((self._request, *values) if found.wants_request else values))
        except EngineError as error:
            raise located(error, name) from error
        except FAILURES as error:
            raise located(failure(error, name), name) from error
        if isinstance(answer, Image):
            self._request.reader.made(answer.bands, name)
        return answer


def _promoted(wanted: Signature, given: Mapping[str, Any]) -> list[Any]:
    """Return the arguments in the signature's order, as its types."""
    _check_names(wanted, given)
    values = []
    for argument in wanted.arguments:
        name = argument.name
        value = given.get(name)
        if value is None:
            value = argument.default
            if value is None and not argument.optional and argument.type != "Object":
                raise bad_request(f"Parameter '{name}' is required and may not be null.")
        if value is not None:
            value = coerce(value, argument.type, name)
        values.append(value)
    return values


def _check_names(wanted: Signature, given: Mapping[str, Any]) -> None:
    known = 0
    for argument in wanted.arguments:
        if argument.name in given:
            known += 1
        elif not argument.optional:
            missing = bad_request(f"Parameter '{argument.name}' is required and may not be null.")
            raise located(missing, wanted.name)
    if known != len(given):
        unknown = sorted(given.keys() - {argument.name for argument in wanted.arguments})
        surplus = bad_request(f"Unrecognized arguments {unknown} to function: {wanted}")
        raise located(surplus, wanted.name)


def _lookup(name: str, frame: _Frame) -> Any:
    current: _Frame | None = frame
    while current is not None:
        if name in current.bindings:
            return current.bindings[name]
        current = current.parent
    raise bad_request(f"Invalid expression: the argument '{name}' is not bound.")


def _constant(value: Any) -> Any:
    """A constant as the service reads it: numbers are 64 bits wide, whole ones beyond that are floats."""
    if type(value) is int:
        return value if -_INT64 <= value < _INT64 else _float(value)
    if isinstance(value, list):
        return [_constant(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _constant(item) for key, item in value.items()}
    return value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def truthy(value: Any) -> bool:
    """Whether a condition holds: 0, NaN, null and empty strings, lists and dictionaries do not."""
    if value is None:
        return False
    if isinstance(value, (int, float, np.number)):
        return bool(value == value and value != 0)
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value) > 0
    return True
