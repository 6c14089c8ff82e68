"""`ee-floods events` and `ee-floods pairs`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ee_floods.cli.console import emit, show, table
from ee_floods.cli.options import Json, Local, Project, State, open_session

if TYPE_CHECKING:
    from ee_floods.catalog.events import FloodEvent

__all__ = ["add_to"]

_events = typer.Typer(help="Flood events.", no_args_is_help=True)
_Source = Annotated[
    Path | None,
    typer.Option("--file", help="Events of your own (GeoJSON or CSV) instead of the catalogue's."),
]


def _session_unless(
    file: Path | None, local: bool, project: str | None, state: Path | None
) -> AbstractContextManager[object]:
    """A session, which a file of one's own events does not need."""
    return nullcontext() if file else open_session(local, project, state)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(_events, name="events")
    app.command()(pairs)


@_events.command("list")
def list_events(
    file: _Source = None,
    local: Local = False,
    project: Project = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List the events."""
    from ee_floods.catalog import events

    with _session_unless(file, local, project, state):
        _show(list(events.list(file)), json)


@_events.command()
def find(
    place: Annotated[str, typer.Argument(help="Part of a name, or a country code.")],
    date: Annotated[str | None, typer.Option(help="YYYY, YYYY-MM or YYYY-MM-DD.")] = None,
    file: _Source = None,
    local: Local = False,
    project: Project = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Find events by place and date."""
    from ee_floods.catalog import events

    with _session_unless(file, local, project, state):
        _show(list(events.find(place, date, source=file)), json)


@_events.command("show")
def show_event(
    event: Annotated[str, typer.Argument(help="Id or name.")],
    file: _Source = None,
    local: Local = False,
    project: Project = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Show one event."""
    from ee_floods.catalog import events

    with _session_unless(file, local, project, state):
        found = events.get(event, source=file)
    if json:
        emit(found.to_dict())
    else:
        show(
            table(found.name, [("", "left"), ("", "left")], [[k, str(v)] for k, v in found.to_dict().items()])
        )


def _show(found: list[FloodEvent], json: bool) -> None:
    if json:
        emit([event.to_dict() for event in found])
        return
    rows = [[e.id, e.name, e.country, f"{e.start:%Y-%m-%d}", f"{e.end:%Y-%m-%d}", e.source] for e in found]
    columns = [(name, "left") for name in ("id", "name", "country", "start", "end", "source")]
    show(table(f"{len(found)} event(s)", columns, rows))


def pairs(
    event: Annotated[str, typer.Argument(help="Id or name of an event.")],
    max_hours: Annotated[
        float | None, typer.Option(help="Greatest hours between the two sensors.", min=0.1, max=360)
    ] = None,
    rule: Annotated[Path | None, typer.Option(help="Pairing rule as YAML.")] = None,
    file: _Source = None,
    local: Local = False,
    project: Project = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Show the pairs that would be used and, for each scene left out, the rule that did it."""
    from ee_floods.catalog import events
    from ee_floods.config.pairing import PairingRule
    from ee_floods.config.yaml import load_yaml
    from ee_floods.query.pairs import find_pairs

    chosen = load_yaml(rule, PairingRule) if rule else PairingRule()
    if max_hours is not None:
        chosen = PairingRule.model_validate({**chosen.model_dump(), "max_hours": max_hours})
    with open_session(local, project, state):
        found = find_pairs(events.get(event, source=file), chosen)
    if json:
        emit(found.to_dict())
        return
    rows = [
        [p.id, f"{p.s1_time:%Y-%m-%d %H:%M}", f"{p.s2_time:%Y-%m-%d %H:%M}", f"{p.hours_apart:+.1f}", p.rule]
        for p in found.pairs
    ]
    columns = [
        ("pair", "left"),
        ("Sentinel-1", "left"),
        ("Sentinel-2", "left"),
        ("hours", "right"),
        ("rule", "left"),
    ]
    show(table(f"{len(rows)} pair(s)", columns, rows))
    left_out = [[str(value) for value in row] for row in found.report.to_rows()]
    show(
        table(
            "left out", [(name, "left") for name in ("scene", "sensor", "rule", "value", "limit")], left_out
        )
    )
