"""Plan, run and look at a job: a data set that a YAML file asks for, with its tasks in a ledger beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ee_floods.config.jobs import JobSpec
from ee_floods.config.yaml import load_yaml
from ee_floods.errors import ConfigError
from ee_floods.service.ledger import ACTIVE
from ee_floods.workflows.build_dataset import LEDGER, build_dataset, find_event_pairs
from ee_floods.workflows.publish import bucket_of
from ee_floods.workflows.watch import Listener, Watch

if TYPE_CHECKING:
    from ee_floods.service.ledger import TaskRecord

__all__ = ["JobPlan", "JobResult", "PlannedPair", "job_status", "plan_job", "run_job"]

_BYTES_PER_VALUE = 4
"""A band of a chip is a list of 32-bit floats."""


@dataclass(frozen=True)
class PlannedPair:
    """One pair of a plan: its size before compression, and what its task's last state was."""

    pair: str
    chips: int
    mib: float
    task: str


@dataclass(frozen=True)
class JobPlan:
    """What a run would do."""

    name: str
    engine: str
    pairs: tuple[PlannedPair, ...]

    @property
    def new_tasks(self) -> int:
        """Tasks that a run would submit: neither running nor, as the ledger last saw them, done."""
        return sum(pair.task not in ("SUCCEEDED", *ACTIVE) for pair in self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return {**asdict(self), "new_tasks": self.new_tasks}

    def to_rows(self) -> list[tuple[str, int, float, str]]:
        """Return `(pair, chips, MiB, task)` rows."""
        return [(pair.pair, pair.chips, pair.mib, pair.task) for pair in self.pairs]


@dataclass(frozen=True)
class JobResult:
    """What a run did."""

    name: str
    output: str
    pairs: int
    chips: int
    new_tasks: int

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)


def plan_job(path: Path, *, state: Path | None = None, listener: Listener | None = None) -> JobPlan:
    """Return what a run of a job would do; asks for metadata, submits nothing.

    Args:
        path: The job's YAML file.
        state: Folder of the local engine's state; see `session.connect`.
        listener: Told of progress.
    """
    job, _ = _load(path)
    spec = job.dataset
    done = {record.destination.rstrip("/"): record.state for record in job_status(path)}
    with _session(job, state):
        root = bucket_of(job.bucket)
        found = find_event_pairs(spec, Watch(listener))
    planned = []
    for pair in (pair for pair_set in found for pair in pair_set.pairs):
        pixels = pair.grid.height * pair.grid.width
        planned.append(
            PlannedPair(
                pair.id,
                pixels // spec.patch**2,
                round(pixels * len(spec.bands) * _BYTES_PER_VALUE / 2**20, 1),
                done.get(f"{root}/{spec.name}/{pair.id}", "not submitted"),
            )
        )
    return JobPlan(spec.name, job.engine, tuple(planned))


def run_job(path: Path, *, state: Path | None = None, listener: Listener | None = None) -> JobResult:
    """Run a job, or what of it is still to do.

    Args:
        path: The job's YAML file.
        state: Folder of the local engine's state; see `session.connect`.
        listener: Told of progress.
    """
    job, out = _load(path)
    with _session(job, state):
        built = build_dataset(job.dataset, out, bucket=job.bucket, watch=Watch(listener))
    manifest = built.manifest
    return JobResult(manifest.name, str(out), len(manifest.pairs), len(manifest.chips), built.new_tasks)


def job_status(path: Path) -> tuple[TaskRecord, ...]:
    """Return the tasks of a job as its ledger last saw them."""
    from ee_floods.service.ledger import FileLedger

    _, out = _load(path)
    return FileLedger(out / LEDGER).records()


def _load(path: Path) -> tuple[JobSpec, Path]:
    job = load_yaml(path, JobSpec)
    if job.engine == "earthengine" and not job.project:
        raise ConfigError(
            f"{path}: `project` is missing.", remedy="Name the Cloud project of the real Earth Engine."
        )
    job = job.model_copy(update={"dataset": job.dataset.relative_to(path.parent)})
    return job, path.parent / job.output


@contextmanager
def _session(job: JobSpec, state: Path | None) -> Iterator[None]:
    from ee_floods.session import connect

    with connect(job.project, engine=job.engine, state=state if job.engine == "local" else None):
        yield
