"""The quota of a project's assets: how many there may be, and of how many bytes."""

from __future__ import annotations

from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.assets.ids import root_of
from ee_floods.engine.errors import EngineError

__all__ = ["MAX_ASSETS", "MAX_BYTES", "check_quota"]

MAX_ASSETS = 10_000
"""Assets of a project (guides/usage#adjustable_quota_limits)."""

MAX_BYTES = 250 * 10**9
"""Bytes of a project's assets (guides/usage#adjustable_quota_limits)."""


def check_quota(created: CreatedAssets, asset_id: str, *, new_bytes: int = 0) -> None:
    """Raise 429 unless a project may have one more asset of some bytes; one that is replaced is not more.

    The wording is assumed: the service's own is not documented.
    """
    root = root_of(asset_id)
    if root is None:
        return
    count, size = created.usage(root)
    exists = created.asset(asset_id) is not None
    if count + (not exists) > MAX_ASSETS:
        raise EngineError(f"Asset quota exceeded: '{root}' holds {count} of {MAX_ASSETS} assets.", 429)
    if size + new_bytes > MAX_BYTES:
        raise EngineError(
            f"Asset storage quota exceeded: '{root}' holds {size} of {MAX_BYTES} bytes, "
            f"and {new_bytes} more were to be stored.",
            429,
        )
