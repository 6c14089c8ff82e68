"""What a task hands to the server: staged files and what they are to become."""

from __future__ import annotations

from dataclasses import dataclass

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.assets.created import NewAsset
from ee_floods.engine.storage.store import Digest

__all__ = ["StagedObject", "TaskProduct"]


@dataclass(frozen=True)
class StagedObject:
    """A finished file that is to be a storage object."""

    bucket: str
    name: str
    path: str
    content_type: str
    digest: Digest


@dataclass(frozen=True)
class TaskProduct:
    """The whole result of a task.

    Args:
        operation: Id of its operation.
        objects: Files for storage.
        asset: An asset, or None.
        uris: `destinationUris` of the operation.
        assets: What it was computed from.
    """

    operation: str
    objects: tuple[StagedObject, ...]
    asset: NewAsset | None
    uris: tuple[str, ...]
    assets: tuple[AssetUse, ...]

    @property
    def simulated(self) -> bool:
        """Whether one of the assets behind it is simulated."""
        return any(use.simulated for use in self.assets)
