"""From events to a data set: pairs found, stacks exported by batch tasks, `dataset.json` written.

Every task is remembered in `tasks.jsonl` beside the data set: the same call later, or after a crash, submits
only what the service does not have.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.config.dataset import DatasetSpec
from ee_floods.contracts.dataset import DatasetManifest
from ee_floods.errors import NoScenesError
from ee_floods.workflows.watch import Watch

if TYPE_CHECKING:
    from ee_floods.export.dataset import PairExport
    from ee_floods.query.pairs import Pair, PairSet
    from ee_floods.service.ledger import Ledger, TaskRecord

__all__ = ["LEDGER", "BuiltDataset", "build_dataset", "export_pairs", "find_event_pairs"]

LEDGER = "tasks.jsonl"
"""The ledger's file in a data set's folder."""


@dataclass(frozen=True)
class BuiltDataset:
    """A data set on disk.

    Args:
        folder: Holds `dataset.json` and the shards.
        manifest: Its manifest.
        pair_sets: The pairs by event, with what was left out.
        new_tasks: Export tasks submitted by this call.
    """

    folder: Path
    manifest: DatasetManifest
    pair_sets: tuple[PairSet, ...]
    new_tasks: int


def build_dataset(
    spec: DatasetSpec, out: Path, *, bucket: str | None = None, watch: Watch | None = None
) -> BuiltDataset:
    """Build a data set, or what of it is still missing.

    Args:
        spec: What to build.
        out: Folder of the data set; made if absent.
        bucket: Bucket for the exports; see `workflows.publish.bucket_of`.
        watch: Told of progress.

    Raises:
        NoScenesError: If no event has a pair.
        TaskFailedError: If an export fails; the others go on and are found again.
        ServiceError: If the service refuses.
    """
    from ee_floods.export.dataset import build_manifest
    from ee_floods.service.ledger import FileLedger
    from ee_floods.workflows.publish import bucket_of

    seen = watch or Watch()
    out.mkdir(parents=True, exist_ok=True)
    ledger = FileLedger(out / LEDGER)
    before = len(ledger.records())
    pair_sets = find_event_pairs(spec, seen)
    pairs = [pair for pair_set in pair_sets for pair in pair_set.pairs]
    with seen.step("export chips"):
        exports = export_pairs(
            pairs,
            out,
            root=f"{bucket_of(bucket)}/{spec.name}",
            ledger=ledger,
            scale=spec.scale,
            patch=spec.patch,
            bands=spec.bands,
            labels=spec.labels,
            min_clear_score=spec.pairing.min_clear_score,
            unlabelled=spec.unlabelled,
            watch=seen,
        )
        manifest = build_manifest(
            spec.name,
            exports,
            spec.split.split_of,
            folder=out,
            scale_m=float(spec.scale),
            split_rule=spec.split.rule,
            settings=spec.model_dump(mode="json"),
        )
        manifest.write(out / "dataset.json")
        new_tasks = len(ledger.records()) - before
        seen.say(f"{len(manifest.chips)} chips of {len(pairs)} pairs, {new_tasks} new task(s)")
    return BuiltDataset(out, manifest, pair_sets, new_tasks)


def find_event_pairs(spec: DatasetSpec, seen: Watch) -> tuple[PairSet, ...]:
    """Return the pairs of a specification's events; an event without a pair is left out and said.

    Raises:
        NoScenesError: If no event has a pair; the message is the last event's.
    """
    from ee_floods.catalog import events
    from ee_floods.query.pairs import find_pairs

    extent = None if spec.patches is None else (spec.patches[0] * spec.patch, spec.patches[1] * spec.patch)
    found: list[PairSet] = []
    barren: list[NoScenesError] = []
    with seen.step("find pairs"):
        for done, name in enumerate(spec.events, start=1):
            event = events.get(name, source=spec.event_source)
            seen.advance(done - 1, len(spec.events), event.name)
            try:
                found.append(
                    find_pairs(event, spec.pairing, scale=spec.scale, patch=spec.patch, extent_px=extent)
                )
            except NoScenesError as error:
                barren.append(error)
        if not found:
            raise barren[-1]
        left_out = f"; {len(barren)} event(s) without: {barren[-1].message}" if barren else ""
        seen.say(f"{sum(len(s.pairs) for s in found)} pairs of {len(found)} events{left_out}")
    return tuple(found)


def export_pairs(
    pairs: Sequence[Pair],
    out: Path,
    *,
    root: str,
    ledger: Ledger,
    scale: float,
    patch: int,
    bands: Sequence[str],
    labels: str | None,
    min_clear_score: float,
    unlabelled: Collection[str] = (),
    watch: Watch | None = None,
) -> list[PairExport]:
    """Export the stacks of pairs by batch tasks, wait for them and fetch their shards.

    Args:
        pairs: The pairs.
        out: Folder of the data set; each pair's shards go to a folder of its id.
        root: `gs://BUCKET/FOLDER` that the tasks write below.
        ledger: Remembers the tasks.
        scale: Pixel size of the pairs' grids in m.
        patch: Side of a chip in pixels.
        bands: Bands, in order.
        labels: Source of hand labels; None leaves `label` masked.
        min_clear_score: Cloud Score+ from which a pixel is clear, for `weak_s2`.
        unlabelled: Ids of events whose hand labels are withheld.
        watch: Told of progress, inside a step.

    Raises:
        TaskFailedError: If an export fails; the others go on and are found again.
    """
    from ee_floods.export.dataset import PairExport
    from ee_floods.export.stack_export import export_image_tfrecords, fetch_export
    from ee_floods.query.stack import chip_stack, weak_thresholds
    from ee_floods.service.tasks import follow
    from ee_floods.session import provenance

    seen = watch or Watch()
    begun = []
    for pair in pairs:
        thresholds = weak_thresholds(pair) if "weak_s1" in bands else {}
        stack = chip_stack(
            pair,
            scale=scale,
            bands=bands,
            label_source=None if pair.event_id in unlabelled else labels,
            thresholds=thresholds,
            min_clear_score=min_clear_score,
        )
        origin = provenance(stack)
        export = export_image_tfrecords(
            stack,
            pair.grid,
            bands=bands,
            destination=f"{root}/{pair.id}",
            description=pair.id,
            ledger=ledger,
            patch=patch,
            simulated=origin.simulated,
        )
        begun.append((pair, thresholds, origin, export))
        seen.advance(0, len(pairs), f"{len(begun)} task(s) submitted")

    def progress(records: Sequence[TaskRecord]) -> None:
        done = sum(record.state == "SUCCEEDED" for record in records)
        seen.advance(done, len(records), "task(s) done")

    follow([e.record for *_, e in begun if e.record is not None], ledger=ledger, progress=progress)
    return [
        PairExport(pair, fetch_export(export, out / pair.id), origin, thresholds)
        for pair, thresholds, origin, export in begun
    ]
