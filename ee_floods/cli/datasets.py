"""`ee-floods export` and `ee-floods dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ee_floods.cli.console import emit, show, table
from ee_floods.cli.listener import terminal_listener
from ee_floods.cli.options import Bucket, Json, Local, Project, State, open_session

__all__ = ["add_to"]

_dataset = typer.Typer(help="Look at a data set.", no_args_is_help=True)
_Folder = Annotated[Path, typer.Argument(help="Folder with dataset.json.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(export)
    app.add_typer(_dataset, name="dataset")


def export(
    spec: Annotated[Path, typer.Argument(help="Data set as YAML: name, events, pairing, bands, split.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the data set.")],
    bucket: Bucket = None,
    local: Local = False,
    project: Project = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Find the pairs of events and export their chips as TFRecords with dataset.json; resumable."""
    from ee_floods.config.dataset import DatasetSpec
    from ee_floods.config.yaml import load_yaml
    from ee_floods.workflows.build_dataset import build_dataset
    from ee_floods.workflows.watch import Watch

    chosen = load_yaml(spec, DatasetSpec).relative_to(spec.parent)
    with open_session(local, project, state), terminal_listener() as listener:
        built = build_dataset(chosen, out, bucket=bucket, watch=Watch(listener))
    if json:
        emit(built.manifest)
    else:
        _print(out)


@_dataset.command()
def info(folder: _Folder, json: Json = False) -> None:
    """Print what a data set holds."""
    from ee_floods.data.tfrecords import ChipDataset

    if json:
        emit(ChipDataset.open(folder).manifest)
    else:
        _print(folder)


@_dataset.command()
def check(folder: _Folder) -> None:
    """Read every byte of a data set: checksums, CRCs, mixers, bands, label values."""
    from ee_floods.workflows.check_dataset import check_dataset
    from ee_floods.workflows.watch import Watch

    with terminal_listener() as listener:
        chips = check_dataset(folder, watch=Watch(listener))
    show(f"{folder}: {chips} chips, all whole")


def _print(folder: Path) -> None:
    from ee_floods.data.tfrecords import ChipDataset

    manifest = ChipDataset.open(folder).manifest
    mark = ", SIMULATED" if manifest.simulated else ""
    show(
        f"{manifest.name}{mark}: {len(manifest.chips)} chips of {manifest.patch}x{manifest.patch} at "
        f"{manifest.scale_m:g} m, {len(manifest.bands)} bands, {len(manifest.pairs)} pairs"
    )
    rows = []
    for split in ("train", "validation", "test"):
        chips = [chip for chip in manifest.chips if chip.split == split]
        totals = {key: sum(c.counts.get("label", {}).get(key, 0) for c in chips) for key in ("-1", "0", "1")}
        rows.append([split, str(len(chips)), *(f"{totals[key]:,}" for key in ("1", "0", "-1"))])
    columns = [("split", "left"), *((h, "right") for h in ("chips", "water", "dry", "invalid or withheld"))]
    show(table("hand labels in pixels", columns, rows))
    if manifest.absent_bands:
        show("bands that it does not hold: " + ", ".join(manifest.absent_bands))
