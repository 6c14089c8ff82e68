"""`ee-floods engine`: serve the local Earth Engine, list its algorithms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ee_floods.cli.console import emit, show, table
from ee_floods.cli.options import Json, State

__all__ = ["app"]

app = typer.Typer(help="The local Earth Engine.", no_args_is_help=True)


@app.command()
def serve(
    state: State = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
    project: Annotated[str, typer.Option(help="Project name that clients use.")] = "local",
    assets: Annotated[
        list[str] | None,
        typer.Option("--assets", help="Folder of GeoTIFFs to mount: DIR or ASSET_ID=DIR; may be repeated."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; default one a core, at least two.", min=1)
    ] = None,
    world: Annotated[bool, typer.Option("--world/--no-world", help="Serve the SIMULATED world.")] = True,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Lift the service's limits.")] = False,
    latency_ms: Annotated[float, typer.Option(help="Let every answer wait this long.", min=0)] = 0.0,
    fault_rate: Annotated[
        float, typer.Option(help="Share of requests answered with 429, 500 or 503.", min=0, max=1)
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write the URL here, as JSON, once it answers.")
    ] = None,
    parent_pid: Annotated[int | None, typer.Option(help="Stop when this process ends.")] = None,
) -> None:
    """Serve until interrupted; print the URL that clients initialise with."""
    from ee_floods.config.settings import resolve
    from ee_floods.engine.serve import ServeOptions
    from ee_floods.engine.serve import serve as run
    from ee_floods.errors import ConfigError

    settings, _ = resolve({"state": state})
    if settings.state is None:  # the default always names one
        raise AssertionError("no state folder")
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigError(
            f"`host` {host!r} would let other machines in, and the engine knows no users.",
            remedy="Listen on 127.0.0.1 and forward the port with SSH.",
        )
    run(
        ServeOptions(
            host=host,
            port=port,
            state=settings.state,
            project=project,
            mounts=tuple(_mount(item, project) for item in assets or ()),
            workers=workers,
            world=world,
            limits=not no_limits,
            latency_ms=latency_ms,
            fault_rate=fault_rate,
            seed=seed,
            ready_file=ready_file,
            parent_pid=parent_pid,
        ),
        answering=lambda url: typer.echo(
            f"The local Earth Engine answers at {url} (state in {settings.state})"
        ),
    )


def _mount(text: str, project: str) -> tuple[str, Path]:
    asset_id, given, folder = text.partition("=")
    if given:
        return asset_id, Path(folder)
    path = Path(text)
    return f"projects/{project}/assets/{path.resolve().name}", path


@app.command()
def algorithms(json: Json = False) -> None:
    """List the algorithms that the local engine has, and those of Earth Engine's that it lacks."""
    from ee_floods.engine.coverage import coverage

    present, missing = coverage()
    if json:
        emit({"present": present, "missing": missing})
        return
    show(table(f"{len(present)} algorithms", [("name", "left")], [[name] for name in present]))
    show(f"{len(missing)} of Earth Engine's algorithms are missing; `--json` lists them.")
