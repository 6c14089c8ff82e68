from __future__ import annotations

from pathlib import Path

import pytest

from ee_floods.config.settings import FILE_NAME, resolve
from ee_floods.errors import ConfigError


def test_flag_beats_environment_beats_here_beats_home(tmp_path: Path) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir(), home.mkdir()
    (home / FILE_NAME).write_text("project: of-home\nbucket: of-home\nengine: local\n")
    (here / FILE_NAME).write_text("project: of-here\nbucket: of-here\n")
    environment = {"EE_FLOODS_PROJECT": "of-environment", "EE_FLOODS_BUCKET": "of-environment"}
    settings, origins = resolve({"project": "of-flag"}, environment=environment, here=here, home=home)
    assert (settings.project, settings.bucket, settings.engine) == ("of-flag", "of-environment", "local")
    told = {item.name: item.origin for item in origins}
    assert told["project"] == "flag"
    assert told["bucket"] == "environment"
    assert told["engine"] == str(home / FILE_NAME)
    assert told["state"] == "default"


def test_nobody_choosing_leaves_the_engine_unchosen(tmp_path: Path) -> None:
    settings, _ = resolve({}, environment={}, here=tmp_path, home=tmp_path)
    assert settings.engine is None


def test_a_wrong_variable_and_a_wrong_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"EE_FLOODS_ENGINE.*received 'lokal'"):
        resolve({}, environment={"EE_FLOODS_ENGINE": "lokal"}, here=tmp_path, home=tmp_path)
    (tmp_path / FILE_NAME).write_text("projekt: x\n")
    with pytest.raises(ConfigError, match=r"ee-floods\.yaml:1: `projekt`"):
        resolve({}, environment={}, here=tmp_path, home=tmp_path)
