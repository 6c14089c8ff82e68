"""Making a task's results visible: all of them and the task's end in one transaction."""

from __future__ import annotations

from pathlib import Path

from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.export.product import TaskProduct
from ee_floods.engine.state.database import Database
from ee_floods.engine.state.operations import Operations
from ee_floods.engine.storage.store import ObjectStore

__all__ = ["DRIVE_BUCKET", "publish"]

DRIVE_BUCKET = "drive"
"""The bucket that stands for Google Drive; a folder there is a prefix here."""


def publish(
    database: Database,
    store: ObjectStore,
    created: CreatedAssets,
    operations: Operations,
    product: TaskProduct,
) -> None:
    """Publish a task's objects and asset and end the task; nothing of it if the task was cancelled.

    A process that dies before the commit leaves files that no row names, which the next start deletes, and a
    task that is RUNNING, which the next start runs again: results appear once and whole.

    Args:
        database: Holds the transaction.
        store: Takes the objects; marked `simulated` if the task read a simulated asset.
        created: Takes the asset.
        operations: Ends the task.
        product: What the worker made.
    """
    metadata = {"simulated": "true"} if product.simulated else {}
    replaced: list[Path] = []
    with database.transaction():
        if not operations.succeed(product.operation, product.uris):
            return
        for item in product.objects:
            if item.bucket == DRIVE_BUCKET:
                store.ensure_bucket(DRIVE_BUCKET)
            store.put(
                item.bucket,
                item.name,
                Path(item.path),
                content_type=item.content_type,
                metadata={**metadata, "earthengine-operation": product.operation},
                digest=item.digest,
                replaced=replaced,
            )
        if product.asset is not None:
            created.publish(product.asset, replaced=replaced)
    # Only now: until the commit the old rows may still be what a reader sees.
    for path in replaced:
        _remove(path)


def _remove(path: Path) -> None:
    import shutil

    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
