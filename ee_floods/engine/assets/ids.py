"""Asset ids as expressions write them, and asset names as the REST interface writes them.

`COPERNICUS/S1_GRD` is `projects/earthengine-public/assets/COPERNICUS/S1_GRD`; `projects/P/assets/x` is
itself. The client does not accept project ids of fewer than six letters, `local` among them, and sends such
ids as legacy ones: `projects/earthengine-legacy/assets/projects/local/assets/x`.
"""

from __future__ import annotations

import re

from ee_floods.engine.errors import bad_request

__all__ = ["asset_id", "asset_name", "check_new_id", "is_root", "parent_id", "root_of"]

_PUBLIC = "projects/earthengine-public/assets/"
_LEGACY = "projects/earthengine-legacy/assets/"
_ROOT = re.compile(r"(projects/[^/]+/assets|users/[^/]+)")
_PART = re.compile(r"[A-Za-z0-9_-]{1,100}")  # letters, digits, hyphen, underscore: guides/asset_manager


def asset_id(name: str) -> str:
    """Return the id of an asset from its REST name or its id."""
    name = name.strip("/")
    for prefix in (_PUBLIC, _LEGACY):
        if name.startswith(prefix):
            return name[len(prefix) :].strip("/")
    return name


def asset_name(identifier: str) -> str:
    """Return the REST name of an asset."""
    if identifier.startswith("projects/"):
        return identifier
    return (_LEGACY if identifier.startswith("users/") else _PUBLIC) + identifier


def is_root(identifier: str) -> bool:
    """Whether an id is a project's or a user's root folder."""
    return _ROOT.fullmatch(identifier) is not None


def root_of(identifier: str) -> str | None:
    """Return the root folder that an id lies in; None for public ids."""
    match = _ROOT.match(identifier)
    return match[0] if match else None


def parent_id(identifier: str) -> str:
    """Return the id of the folder or collection that holds an asset; empty at the top."""
    return identifier.rpartition("/")[0]


def check_new_id(identifier: str) -> None:
    """Raise unless a client may create an asset of this id: below a root, in plain letters.

    Raises:
        EngineError: In the service's form.
    """
    root = root_of(identifier)
    parts = identifier[len(root) + 1 :].split("/") if root else []
    if not root or not parts or not all(_PART.fullmatch(part) for part in parts):
        raise bad_request(
            f"Invalid asset ID '{identifier}'. "
            "IDs can only contain letters, numbers, hyphens, and underscores."
        )
