from __future__ import annotations

import importlib.util

import pytest

from ee_floods.engine import registry, signatures
from ee_floods.errors import MissingExtraError


def test_every_implemented_algorithm_is_one_of_the_service() -> None:
    known = signatures.signatures()
    assert len(registry.algorithms()) > 700
    assert set(registry.algorithms()) <= set(known)


def test_functions_take_as_many_arguments_as_the_signature_names() -> None:
    import inspect

    wrong = []
    for name, entry in registry.algorithms().items():
        try:
            parameters = inspect.signature(entry.function).parameters.values()
        except (ValueError, TypeError):
            continue
        expected = len(entry.signature.arguments) + entry.wants_request
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY)]
        required = [p for p in positional if p.default is p.empty]
        most = 99 if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional)
        if not len(required) <= expected <= most:
            wrong.append((name, expected, [p.name for p in positional]))
    assert wrong == []


def test_wheel_without_signatures_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    signatures.algorithms_document.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"algorithms\.json"):
        signatures.algorithms_document()
    monkeypatch.undo()
    signatures.algorithms_document.cache_clear()


def test_an_unknown_name_cannot_be_registered() -> None:
    with pytest.raises(ValueError, match="no algorithm"):
        registry.register("Image.nonsense", lambda: None)
