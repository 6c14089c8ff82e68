"""`ee-floods engine`: serve the local Earth Engine, list its algorithms."""

from __future__ import annotations

import functools
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ee_floods.cli.console import emit, note, show, table
from ee_floods.cli.options import Json, State

if TYPE_CHECKING:
    from ee_floods.engine.serve import Answering

__all__ = ["app"]

app = typer.Typer(help="The local Earth Engine.", no_args_is_help=True)


@app.command()
def serve(
    state: State = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback ask callers for a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
    public_url: Annotated[
        str | None,
        typer.Option(help="URL under which other machines reach it (a proxy, a name): https://HOST[:PORT]."),
    ] = None,
    project: Annotated[str, typer.Option(help="Project name that clients use.")] = "local",
    assets: Annotated[
        list[str] | None,
        typer.Option("--assets", help="Folder of GeoTIFFs to mount: DIR or ASSET_ID=DIR; may be repeated."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; default one a core, at least two.", min=1)
    ] = None,
    world: Annotated[bool, typer.Option("--world/--no-world", help="Serve the SIMULATED world.")] = True,
    require_token: Annotated[
        bool, typer.Option("--require-token", help="Ask callers on this machine for a token too.")
    ] = False,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Lift the service's limits.")] = False,
    latency_ms: Annotated[float, typer.Option(help="Let every answer wait this long.", min=0)] = 0.0,
    fault_rate: Annotated[
        float, typer.Option(help="Share of requests that meet a fault.", min=0, max=1)
    ] = 0.0,
    fault_kinds: Annotated[
        str | None,
        typer.Option(help="Kinds to draw from: 429,500,503 (default), drop, truncate, slow, restricted."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write the URL here, as JSON, once it answers.")
    ] = None,
    parent_pid: Annotated[int | None, typer.Option(help="Stop when this process ends.")] = None,
) -> None:
    """Serve until interrupted; print what clients initialise with."""
    from ee_floods.engine.server.forking import fork_server

    fork_server()  # first, because its imports go on while those below do
    from ee_floods.config.settings import resolve
    from ee_floods.engine.serve import ServeOptions
    from ee_floods.engine.serve import serve as run
    from ee_floods.engine.server.faults import DEFAULT_KINDS, parse_kinds

    settings, _ = resolve({"state": state})
    if settings.state is None:  # the default always names one
        raise AssertionError("no state folder")
    run(
        ServeOptions(
            host=host,
            port=port,
            public_url=public_url,
            state=settings.state,
            project=project,
            mounts=tuple(_mount(item, project) for item in assets or ()),
            workers=workers,
            world=world,
            limits=not no_limits,
            require_token=require_token,
            latency_ms=latency_ms,
            fault_rate=fault_rate,
            fault_kinds=DEFAULT_KINDS if fault_kinds is None else parse_kinds(fault_kinds),
            seed=seed,
            ready_file=ready_file,
            parent_pid=parent_pid,
        ),
        answering=functools.partial(_introduce, world=world),
    )


def _introduce(engine: Answering, *, world: bool) -> None:
    """Say where the engine is, and what to paste; the token itself is never printed."""
    folder = engine.folder
    lines = [f"The local Earth Engine answers at {engine.url} (state in {folder.root})"]
    if engine.guarded:
        lines += [
            f"It asks callers for the access token in {folder.token}",
            "",
            "Python:",
            "  import ee",
            "  from google.oauth2.credentials import Credentials",
            f'  token = open("{folder.token}").read().strip()',
            f'  ee.Initialize(Credentials(token), url="{engine.url}", project="{engine.project}")',
        ]
    else:
        lines += [
            "",
            "Python:",
            "  import ee",
            "  from google.auth.credentials import AnonymousCredentials",
            f'  ee.Initialize(AnonymousCredentials(), url="{engine.url}", project="{engine.project}")',
        ]
    key, config = quote(str(folder.service_account_key)), quote(str(folder.client_config))
    lines += [
        "",
        "Command line:",
        f"  earthengine --service_account_file {key} --ee_config {config} ls",
        "",
    ]
    if world:
        lines.append("Real dataset ids answer with SIMULATED data; `--no-world` leaves them out.")
    lines.append("Ctrl-C ends the engine; its state stays.")
    typer.echo("\n".join(lines))
    if engine.guarded and not engine.url.startswith("https://") and not engine.on_this_machine:
        note(
            "Tokens and data travel unencrypted. Put a proxy with TLS in front (`--public-url https://...`), "
            "or listen on 127.0.0.1 and forward the port with SSH."
        )


def _mount(text: str, project: str) -> tuple[str, Path]:
    asset_id, given, folder = text.partition("=")
    if given:
        return asset_id, Path(folder)
    path = Path(text)
    return f"projects/{project}/assets/{path.resolve().name}", path


@app.command()
def algorithms(
    name: Annotated[
        str,
        typer.Argument(metavar="[NAME]", help="Only those whose name holds this, such as Image. or hist."),
    ] = "",
    json: Json = False,
) -> None:
    """List the algorithms that the local engine has, and those of Earth Engine's that it lacks.

    Without NAME what is there is counted by family; with it each is listed.
    """
    from ee_floods.engine.coverage import MOST_COUNTED, coverage, families, uses

    present, missing = ([item for item in found if name.lower() in item.lower()] for found in coverage())
    counted = uses()
    if json:
        emit(
            {
                "present": present,
                "missing": missing,
                "uses": {name: counted[name] for name in missing if name in counted},
            }
        )
        return
    title = f"{len(present)} algorithms"
    if name:
        show(table(title, [("name", "left")], [[item] for item in present]))
    else:
        kinds = [[family, str(there), str(lacking)] for family, there, lacking in families(present, missing)]
        show(table(title, [("family", "left"), ("there", "right"), ("missing", "right")], kinds))
    rows = [[item, _times(counted.get(item), MOST_COUNTED)] for item in missing]
    title = f"{len(missing)} of Earth Engine's algorithms are missing, the most used first"
    show(table(title, [("name", "left"), ("found in public files", "right")], rows))


def _times(count: int | None, most: int) -> str:
    if count is None:
        return "not counted"
    return f"{count} or more" if count >= most else str(count)
