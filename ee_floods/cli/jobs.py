"""`ee-floods jobs`: plan, run and look at scheduled jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ee_floods.cli.console import emit, show, table
from ee_floods.cli.listener import terminal_listener
from ee_floods.cli.options import Json, State

__all__ = ["app"]

app = typer.Typer(help="Scheduled jobs: YAML files as in export_jobs/.", no_args_is_help=True)
_Job = Annotated[Path, typer.Argument(metavar="FILE", help="The job.")]


@app.command()
def plan(job: _Job, state: State = None, json: Json = False) -> None:
    """Say what a job would do; submits nothing."""
    from ee_floods.jobs.runner import plan_job

    with terminal_listener() as listener:
        found = plan_job(job, state=state, listener=listener)
    if json:
        emit(found.to_dict())
        return
    rows = [[str(value) for value in row] for row in found.to_rows()]
    columns = [("pair", "left"), ("chips", "right"), ("MiB", "right"), ("task", "left")]
    show(table(f"{found.name} on {found.engine}: {found.new_tasks} new task(s)", columns, rows))


@app.command()
def run(job: _Job, state: State = None, json: Json = False) -> None:
    """Run a job; run it again to go on where it stopped."""
    from ee_floods.jobs.runner import run_job

    with terminal_listener() as listener:
        result = run_job(job, state=state, listener=listener)
    if json:
        emit(result.to_dict())
    else:
        show(f"{result.output}: {result.chips} chips of {result.pairs} pairs; {result.new_tasks} new task(s)")


@app.command()
def status(job: _Job, json: Json = False) -> None:
    """Print the tasks of a job as its ledger last saw them; asks nobody."""
    from ee_floods.jobs.runner import job_status

    records = job_status(job)
    if json:
        emit([record.__dict__ for record in records])
        return
    rows = [[r.description, r.state, str(r.attempt), r.updated, r.error] for r in records]
    show(
        table(
            f"{len(rows)} task(s)", [(h, "left") for h in ("task", "state", "attempt", "seen", "error")], rows
        )
    )
