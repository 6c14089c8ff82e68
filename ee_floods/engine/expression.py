"""The little language of `Image.expression` and `Number.expression`: parsed to a tree, then evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ee_floods.engine.errors import bad_request

__all__ = ["evaluate_expression", "evaluate_tree", "parse"]

Tree = tuple[Any, ...]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<string>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!?:(),.\[\]&|^~]))"
)

# From the loosest to the tightest; all are left-associative.
_LEVELS: tuple[dict[str, str], ...] = (
    {"||": "or"}, {"&&": "and"}, {"|": "bitwiseOr"}, {"^": "bitwiseXor"}, {"&": "bitwiseAnd"},
    {"==": "eq", "!=": "neq"}, {"<": "lt", ">": "gt", "<=": "lte", ">=": "gte"},
    {"<<": "leftShift", ">>": "rightShift"}, {"+": "add", "-": "subtract"},
    {"*": "multiply", "/": "divide", "%": "mod"},
)  # fmt: skip


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise bad_request(f"Unable to parse expression: '{text}' at position {position}.")
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0

    def _peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def _take(self, wanted: str | None = None) -> tuple[str, str]:
        if self.position >= len(self.tokens) or (wanted is not None and self._peek() != wanted):
            raise bad_request(f"Unable to parse expression: '{self.text}': expected {wanted or 'more'}.")
        self.position += 1
        return self.tokens[self.position - 1]

    def whole(self) -> Tree:
        """Parse everything."""
        tree = self._ternary()
        if self.position != len(self.tokens):
            raise bad_request(f"Unable to parse expression: '{self.text}': unexpected '{self._peek()}'.")
        return tree

    def _ternary(self) -> Tree:
        test = self._binary(0)
        if self._peek() != "?":
            return test
        self._take()
        chosen = self._ternary()
        self._take(":")
        return ("choose", test, chosen, self._ternary())

    def _binary(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek() in _LEVELS[level] and self.tokens[self.position][0] == "sign":
            name = _LEVELS[level][self._take()[1]]
            left = ("call", name, (left, self._binary(level + 1)))
        return left

    def _unary(self) -> Tree:
        sign = self._peek()
        if sign == "-":
            self._take()
            return ("call", "multiply", (self._unary(), ("number", -1)))
        if sign == "+":
            self._take()
            return self._unary()
        if sign in ("!", "~"):
            self._take()
            return ("call", "not" if sign == "!" else "bitwiseNot", (self._unary(),))
        return self._power()

    def _power(self) -> Tree:
        base = self._postfix()
        if self._peek() == "**":
            self._take()
            return ("call", "pow", (base, self._unary()))
        return base

    def _arguments(self, end: str) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while self._peek() != end:
            found.append(self._ternary())
            if self._peek() == ",":
                self._take()
        self._take(end)
        return tuple(found)

    def _postfix(self) -> Tree:
        tree = self._atom()
        while self._peek() in (".", "["):
            if self._take()[1] == ".":
                tree = ("bands", tree, (("string", self._take()[1]),))
            else:
                tree = ("bands", tree, self._arguments("]"))
        return tree

    def _atom(self) -> Tree:
        kind, text = self._take()
        if kind == "number":
            if text[:2].lower() == "0x":
                return ("number", int(text, 16))
            return ("number", int(text) if text.isdigit() else float(text))
        if kind == "string":
            return ("string", text[1:-1])
        if kind == "name":
            if self._peek() == "(":
                self._take()
                return ("call", text, self._arguments(")"))
            return ("name", text)
        if text == "(":
            tree = self._ternary()
            self._take(")")
            return tree
        raise bad_request(f"Unable to parse expression: '{self.text}': unexpected '{text}'.")


def parse(text: str) -> Tree:
    """Return the tree of an expression.

    Raises:
        EngineError: If it cannot be parsed.
    """
    if "=" in text:
        # "x = a + b" is allowed: what is assigned is the value.
        text = re.sub(r"^\s*[A-Za-z_]\w*\s*=(?!=)", "", text)
    return _Parser(text).whole()


def evaluate_tree(
    tree: Tree,
    variable: Callable[[str], Any],
    operate: Callable[[str, list[Any]], Any],
    bands: Callable[[Any, list[Any]], Any],
) -> Any:
    """Evaluate a tree.

    Args:
        tree: From `parse`.
        variable: Value of a name.
        operate: Applies an operation (`add`, `choose`, `min`, `b`, ...) to values.
        bands: Selects from a value by names or positions.
    """

    def walk(node: Tree) -> Any:
        kind = node[0]
        if kind in ("number", "string"):
            return node[1]
        if kind == "name":
            return variable(node[1])
        if kind == "bands":
            return bands(walk(node[1]), [walk(item) for item in node[2]])
        if kind == "choose":
            return operate("choose", [walk(item) for item in node[1:]])
        return operate(node[1], [walk(item) for item in node[2]])

    return walk(tree)


def evaluate_expression(text: str, variables: Mapping[str, Any]) -> Any:
    """Return the value of an expression of numbers."""
    import math

    from ee_floods.engine.registry import algorithms

    constants = {"PI": math.pi, "E": math.e}

    def variable(name: str) -> Any:
        if name in variables:
            return variables[name]
        if name in constants:
            return constants[name]
        raise bad_request(f"Unknown variable '{name}' in the expression.")

    def operate(name: str, values: list[Any]) -> Any:
        if name == "choose":
            return values[1] if values[0] else values[2]
        found = algorithms().get(f"Number.{name}")
        if found is None:
            raise bad_request(f"Unknown function '{name}' in the expression.")
        return found.function(*values)

    def bands(value: Any, selectors: list[Any]) -> Any:
        return value[selectors[0]]

    return evaluate_tree(parse(text), variable, operate, bands)
