"""Publish a product file as an asset of the session's Earth Engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.errors import ConfigError
from ee_floods.workflows.watch import Watch

if TYPE_CHECKING:
    from ee_floods.publishing.asset import PublishedAsset
    from ee_floods.service.ledger import Ledger

__all__ = ["bucket_of", "publish_file"]

LOCAL_BUCKET = "local"
"""The bucket that the local engine has from the start."""


def bucket_of(bucket: str | None) -> str:
    """Return the bucket to use, as `gs://...`: the one given, else the local engine's own or the settings'.

    The settings name a bucket of the real service, which a local engine does not have.

    Raises:
        ConfigError: If nobody named one for the real service.
    """
    from ee_floods.config.settings import resolve
    from ee_floods.session import current

    settings, _ = resolve()
    name = bucket or (LOCAL_BUCKET if current().target == "local" else settings.bucket)
    if name is None:
        raise ConfigError(
            "No Cloud Storage bucket is named.", remedy="Add `--bucket NAME`, or set EE_FLOODS_BUCKET."
        )
    return name if name.startswith("gs://") else f"gs://{name}"


def publish_file(
    file: Path,
    asset_id: str,
    *,
    bucket: str | None = None,
    overwrite: bool = False,
    allow_simulated: bool = False,
    ledger: Ledger | None = None,
    watch: Watch | None = None,
) -> PublishedAsset:
    """Upload a product, import it, and check that it reads back as the file.

    Args:
        file: The product.
        asset_id: `projects/PROJECT/assets/...`.
        bucket: Bucket for the upload; see `bucket_of`.
        overwrite: Whether an asset with other content is replaced.
        allow_simulated: Whether simulated data may go to the real service.
        ledger: Remembers the import task; None forgets it with this process.
        watch: Told of progress.
    """
    from ee_floods.publishing.asset import publish_product

    seen = watch or Watch()
    with seen.step("publish"):
        asset = publish_product(
            file,
            asset_id,
            bucket=bucket_of(bucket),
            overwrite=overwrite,
            allow_simulated_to_real=allow_simulated,
            ledger=ledger,
        )
        seen.say(asset.asset_id + (" (unchanged)" if asset.unchanged else ""))
    return asset
