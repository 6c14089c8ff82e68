"""Read a YAML file into a pydantic model; an error names the file, the line and the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ee_floods.errors import ConfigError, suggest

__all__ = ["load_yaml", "parse_yaml"]

Model = TypeVar("Model", bound=BaseModel)
_Path = tuple[int | str, ...]


def load_yaml(path: Path, model: type[Model]) -> Model:
    """Return the model that a YAML file describes.

    Args:
        path: The file.
        model: A pydantic model; keys that it does not know are errors if it forbids extras.

    Raises:
        ConfigError: If the file is absent, not YAML, or does not fit the model; the message starts with
            `file:line:`.
    """
    if not path.is_file():
        raise ConfigError(f"There is no file {path}.", remedy="Give the path of a YAML file.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text ({error.reason}).", remedy="Save it as UTF-8."
        ) from error
    return parse_yaml(text, model, str(path))


def parse_yaml(text: str, model: type[Model], source: str) -> Model:
    """Return the model that a YAML text describes; see `load_yaml`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = _lines(node, source) if node is not None else {}
        data: Any = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{source}:{line}: not YAML: {error.problem}.") from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise ConfigError(f"{source}: not YAML: {error}.") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{source}:1: expected keys and values.", remedy=_known(model))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _config_error(error, lines, model, source) from error


def _lines(node: yaml.Node, source: str, path: _Path = ()) -> dict[_Path, int]:
    found = {path: node.start_mark.line + 1}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*path, str(key.value))
            if place in found:
                raise ConfigError(
                    f"{source}:{key.start_mark.line + 1}: `{_dotted(place)}` is given twice.",
                    remedy=f"It is given first in line {found[place]}; keep one.",
                )
            found |= _lines(value, source, place)
            found[place] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found |= _lines(value, source, (*path, index))
    return found


def _config_error(
    error: ValidationError, lines: dict[_Path, int], model: type[BaseModel], source: str
) -> ConfigError:
    first = error.errors()[0]
    place: _Path = tuple(first["loc"])
    known = place
    while known and known not in lines:  # a missing key has no line: name that of what lacks it
        known = known[:-1]
    where = f"{source}:{lines.get(known, 1)}: `{_dotted(place)}`"
    if first["type"] == "extra_forbidden":
        names = model.model_fields if len(place) == 1 else ()
        remedy = suggest(str(place[-1]), names) if names else "Remove it."
        return ConfigError(f"{where} is not a key that is known here.", remedy=remedy)
    if first["type"] == "missing":
        return ConfigError(f"{where} is missing.", remedy=f"Add `{place[-1]}:`.")
    return ConfigError(f"{where}: {first['msg']}, received {first['input']!r}.")


def _dotted(place: _Path) -> str:
    return ".".join(str(part) for part in place)


def _known(model: type[BaseModel]) -> str:
    return "Known keys: " + ", ".join(sorted(model.model_fields)) + "."
