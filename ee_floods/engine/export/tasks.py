"""What a worker does for each kind of task; results are staged, the server publishes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ee_floods.engine.assets.ids import asset_id
from ee_floods.engine.assets.ingest import ingest_image, ingest_table, stage_table
from ee_floods.engine.export.images import check_bucket, export_image
from ee_floods.engine.export.maps import export_map
from ee_floods.engine.export.product import StagedObject, TaskProduct
from ee_floods.engine.export.request import file_target
from ee_floods.engine.export.tables import table_file
from ee_floods.engine.session import WorkerSession
from ee_floods.engine.storage.store import digest_file

__all__ = ["TASKS"]


def export_table(session: WorkerSession, request: Mapping[str, Any], operation: str) -> TaskProduct:
    """Carry out `table:export`: one file, or a table asset."""
    options = request.get("fileExportOptions")
    if options is None:
        destination = (request["assetExportOptions"].get("earthEngineDestination")) or {}
        identifier, overwrite = asset_id(str(destination.get("name"))), bool(destination.get("overwrite"))
        session.created.check_target(identifier, overwrite=overwrite)
        answer = session.batch.table(request["expression"])
        simulated = any(use.simulated for use in answer.assets)
        return stage_table(
            session, operation, identifier, answer.result, {}, simulated=simulated, overwrite=overwrite,
            uses=answer.assets,
        )  # fmt: skip
    target = file_target(options, str(request.get("description") or ""))
    check_bucket(session, target)
    answer = session.batch.table(request["expression"])
    payload, media_type, suffix = table_file(
        answer.result, str(options.get("fileFormat") or "CSV"), request.get("selectors") or ()
    )
    path = session.folder.stage()
    path.write_bytes(payload)
    staged = StagedObject(target.bucket, f"{target.prefix}{suffix}", str(path), media_type, digest_file(path))
    return TaskProduct(operation, (staged,), None, (target.uri,), answer.assets)


def _staged_apart(carry_out: Callable[..., TaskProduct]) -> Callable[..., TaskProduct]:
    """Give a task a staging folder of its own; the server deletes it when the task has ended."""

    def run(session: WorkerSession, request: Mapping[str, Any], operation: str) -> TaskProduct:
        folder = session.folder.for_job(operation)
        folder.discard_staged()  # of an attempt whose worker died
        folder.staging.mkdir(parents=True)
        return carry_out(replace(session, folder=folder), request, operation)

    return run


TASKS: dict[str, Callable[..., TaskProduct]] = {
    "EXPORT_IMAGE": _staged_apart(export_image),
    "EXPORT_FEATURES": _staged_apart(export_table),
    "EXPORT_TILES": _staged_apart(export_map),
    "INGEST_IMAGE": _staged_apart(ingest_image),
    "INGEST_TABLE": _staged_apart(ingest_table),
}
"""The functions that carry out tasks, by the operation's type word."""
