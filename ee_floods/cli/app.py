"""The application: its groups of commands, logging, and how an error becomes a message and an exit code."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from ee_floods import __version__
from ee_floods.cli import datasets, engine, evaluate, events, jobs, models, products, quickstart
from ee_floods.cli.console import fail, set_up_logging

__all__ = ["app", "run"]

app = typer.Typer(
    name="ee-floods",
    help="Flood maps from Earth Engine: pairs, chips, teacher and student, products, assets, maps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

quickstart.add_to(app)
events.add_to(app)
datasets.add_to(app)
models.add_to(app)
evaluate.add_to(app)
products.add_to(app)
app.add_typer(jobs.app, name="jobs")
app.add_typer(engine.app, name="engine")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"ee-floods {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done, to stderr.")] = False,
    log_file: Annotated[
        Path | None, typer.Option("--log-file", help="Also log as JSON lines to this file.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    set_up_logging(logging.INFO if verbose else logging.WARNING, log_file)


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        arguments: Defaults to this process's.
    """
    from ee_floods.errors import EEFloodsError

    try:
        app(args=arguments)
    except SystemExit as stop:  # how the application ends, well or after bad usage
        return stop.code if isinstance(stop.code, int) else 0
    except EEFloodsError as error:
        return fail(error.message, error.remedy, error.exit_code)
    except OSError as error:  # a folder that is none, a full disk, a file that may not be written
        return fail(str(error), "Check the path, its permissions and the free disk.", 1)
    return 0
