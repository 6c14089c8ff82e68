"""Settings and where each came from: flag > `EE_FLOODS_*` > `ee-floods.yaml` here > the user's > default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import BaseModel, ConfigDict, SecretStr

from ee_floods.config.yaml import load_yaml

__all__ = ["FILE_NAME", "ResolvedSetting", "Settings", "resolve"]

FILE_NAME = "ee-floods.yaml"


class Settings(BaseModel):
    """What can be set once for all commands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["earthengine", "local"] | None = None
    """Which Earth Engine: the real one or the local one; None until somebody chooses."""
    project: str | None = None
    """Cloud project of the real Earth Engine."""
    bucket: str | None = None
    """Cloud Storage bucket for exports and uploads."""
    state: Path | None = None
    """Folder of the local engine's assets, tasks and buckets."""
    engine_token: SecretStr | None = None
    """Access token of a guarded local engine that runs elsewhere; never printed."""


@dataclass(frozen=True)
class ResolvedSetting:
    """A setting's value and where it came from."""

    name: str
    value: Any
    origin: str


def resolve(
    flags: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    here: Path | None = None,
    home: Path | None = None,
) -> tuple[Settings, tuple[ResolvedSetting, ...]]:
    """Return the settings in force, and the origin of each.

    Args:
        flags: What the command line gave; None values count as not given.
        environment: Defaults to this process's.
        here: Folder whose `ee-floods.yaml` counts; defaults to the current one.
        home: Folder of the user's `ee-floods.yaml`.

    Raises:
        ConfigError: If a file or a variable does not fit.
    """
    env = os.environ if environment is None else environment
    files = [(here or Path.cwd()) / FILE_NAME, (home or user_config_path("ee-floods")) / FILE_NAME]
    layers: list[tuple[str, dict[str, Any]]] = [
        ("flag", {k: v for k, v in (flags or {}).items() if v is not None}),
        ("environment", _from_environment(env)),
    ]
    layers += [
        (str(path), load_yaml(path, Settings).model_dump(exclude_none=True))
        for path in files
        if path.is_file()
    ]
    layers.append(("default", {"state": user_data_path("ee-floods") / "engine"}))
    chosen: dict[str, ResolvedSetting] = {}
    for name in Settings.model_fields:
        found = next(((o, values[name]) for o, values in layers if name in values), ("default", None))
        chosen[name] = ResolvedSetting(name, found[1], found[0])
    settings = _validated({name: item.value for name, item in chosen.items()})
    # Origins are printed (`ee-floods doctor`): they carry the validated value, whose secret hides itself.
    secret = chosen["engine_token"]
    chosen["engine_token"] = ResolvedSetting(secret.name, settings.engine_token, secret.origin)
    return settings, tuple(chosen.values())


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    names = {name: f"EE_FLOODS_{name.upper()}" for name in Settings.model_fields}
    return {name: env[variable] for name, variable in names.items() if env.get(variable)}


def _validated(values: dict[str, Any]) -> Settings:
    from pydantic import ValidationError

    from ee_floods.errors import ConfigError

    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise ConfigError(
            f"`{name}` (or EE_FLOODS_{name.upper()}): {first['msg']}, received {first['input']!r}."
        ) from error
