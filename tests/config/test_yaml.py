from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from ee_floods.config.yaml import load_yaml, parse_yaml
from ee_floods.errors import ConfigError


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    hours: float = 48


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: _Inner = _Inner()
    many: list[_Inner] = []


def test_a_file_becomes_a_model(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: x\ninner:\n  hours: 12\n")
    assert load_yaml(path, _Outer).inner.hours == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ninner:\n  hours: soon\n", r"job\.yaml:3: `inner\.hours`: .*received 'soon'"),
        ("name: x\nmany:\n- hours: 1\n- hours: [2]\n", r"job\.yaml:4: `many\.1\.hours`"),
        ("name: x\nnam: y\n", r"job\.yaml:2: `nam` is not a key.*Did you mean 'name'"),
        ("inner: {hours: 3}\n", r"job\.yaml:1: `name` is missing"),
        ("name: x\nname: y\n", r"job\.yaml:2: `name` is given twice"),
        ("name: x\n  bad: [\n", r"job\.yaml:\d: not YAML"),
        ("- a\n- b\n", r"job\.yaml:1: expected keys"),
        ("", r"job\.yaml:1: expected keys"),
    ],
)
def test_an_error_names_file_line_and_key(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_yaml(text, _Outer, "job.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        load_yaml(tmp_path / "none.yaml", _Outer)
