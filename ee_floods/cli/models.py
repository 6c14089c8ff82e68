"""`ee-floods train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ee_floods.cli.console import emit, show
from ee_floods.cli.listener import terminal_listener
from ee_floods.cli.options import Json

if TYPE_CHECKING:
    from ee_floods.workflows.train import TrainRole

__all__ = ["add_to"]

_train = typer.Typer(help="Train a model from a data set.", no_args_is_help=True)
_Config = Annotated[Path, typer.Argument(help="Training run as YAML: dataset, output, training.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(_train, name="train")


@_train.command()
def teacher(config: _Config, json: Json = False) -> None:
    """Train a teacher (Sentinel-1 and Sentinel-2) on the hand-labelled chips."""
    _run("teacher", config, json)


@_train.command()
def student(config: _Config, json: Json = False) -> None:
    """Train a student (Sentinel-1 alone) under a teacher's soft labels."""
    _run("student", config, json)


@_train.command()
def supervised(config: _Config, json: Json = False) -> None:
    """Train a Sentinel-1 network on hand labels, or on weak ones (`label: weak_s1`)."""
    _run("supervised", config, json)


def _run(role: TrainRole, path: Path, json: bool) -> None:
    from ee_floods.config.runs import TrainingRun
    from ee_floods.config.yaml import load_yaml
    from ee_floods.workflows.train import train
    from ee_floods.workflows.watch import Watch

    run = load_yaml(path, TrainingRun).relative_to(path.parent)
    with terminal_listener() as listener:
        model = train(role, run, watch=Watch(listener))
    if json:
        emit(model.card)
    else:
        scores = ", ".join(f"{k} {v:.3f}" for k, v in model.card.metrics.items() if v is not None)
        show(f"{model.path}: {model.card.parameters:,} parameters; {scores}")
