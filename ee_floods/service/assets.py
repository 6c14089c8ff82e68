"""Earth Engine assets: asked about, made, removed."""

from __future__ import annotations

from functools import partial
from typing import Any

from ee_floods.errors import InputError
from ee_floods.service.faults import ConflictError, NotFoundError
from ee_floods.service.retry import retry

__all__ = ["create_folders", "delete", "get", "parse_asset_id", "properties"]


def parse_asset_id(asset_id: str) -> tuple[str, tuple[str, ...]]:
    """Return the project and the path parts of `projects/PROJECT/assets/PART/...`.

    Raises:
        InputError: If it is not of that form.
    """
    parts = asset_id.strip("/").split("/")
    if len(parts) < 4 or parts[0] != "projects" or parts[2] != "assets" or not all(parts):
        raise InputError(
            f"`asset_id` {asset_id!r} cannot be written to.",
            remedy="Give projects/PROJECT/assets/FOLDER/NAME.",
        )
    return parts[1], tuple(parts[3:])


def get(asset_id: str) -> dict[str, Any] | None:
    """Return the service's record of an asset, or None if it is not there or not readable."""
    import ee

    try:
        return retry(lambda: dict(ee.data.getAsset(asset_id)), doing=f"looking at {asset_id}")
    except NotFoundError:
        return None


def properties(asset_id: str) -> dict[str, Any]:
    """Return an asset's own properties; empty if it has none or is not there."""
    asset = get(asset_id)
    return dict(asset.get("properties") or {}) if asset else {}


def create_folders(asset_id: str) -> None:
    """Make the folders above an asset that are not there yet.

    Raises:
        InputError: If the id is not of a project, or one of its folders is something else.
    """
    import ee

    project, parts = parse_asset_id(asset_id)
    folder = f"projects/{project}/assets"
    for part in parts[:-1]:
        folder = f"{folder}/{part}"
        there = get(folder)
        if there is None:
            try:
                retry(partial(ee.data.createFolder, folder), doing=f"making the folder {folder}")
            except ConflictError:  # another process made it meanwhile
                continue
        elif there.get("type") not in ("FOLDER", "IMAGE_COLLECTION"):
            raise InputError(
                f"{folder} is of type {there.get('type')}, so nothing can be put below it.",
                remedy="Give another asset id.",
            )


def delete(asset_id: str) -> None:
    """Remove an asset; one that is not there is no error."""
    import ee

    try:
        retry(lambda: ee.data.deleteAsset(asset_id), doing=f"removing {asset_id}")
    except NotFoundError:
        return
