"""`ee-floods predict`, `map`, `stats`, `publish`: products from scenes, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ee_floods.cli.console import emit, note, show, table
from ee_floods.cli.listener import terminal_listener
from ee_floods.cli.options import Bucket, Json, Local, Project, State, open_session

if TYPE_CHECKING:
    from ee_floods.inference.raster import FloodRaster

__all__ = ["add_to"]

_Product = Annotated[Path, typer.Argument(help="A flood product (COG).")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(predict)
    app.command("map")(draw)
    app.command()(stats)
    app.command()(publish)


def predict(
    model: Annotated[str, typer.Argument(help="baseline:otsu, baseline:vh-threshold[=DB], FILE.keras")],
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="Sentinel-1 GeoTIFF (VV, VH in dB), a folder, or event:ID.")
    ],
    output: Annotated[Path, typer.Argument(help="The flood product; a folder if INPUT is one.")],
    occurrence: Annotated[Path | None, typer.Option(help="JRC water occurrence in %, any raster.")] = None,
    hand: Annotated[Path | None, typer.Option(help="Height above nearest drainage in m, any raster.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Events of your own, for event:ID (GeoJSON or CSV).")
    ] = None,
    local: Local = False,
    project: Project = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Map the flood in a radar scene; layers that are missing are named in the product."""
    from ee_floods.config.settings import resolve
    from ee_floods.errors import ConfigError
    from ee_floods.models.registry import open_predictor
    from ee_floods.workflows.map_event import map_event_file
    from ee_floods.workflows.predict import Layers, predict_file, predict_folder
    from ee_floods.workflows.watch import Watch

    predictor = open_predictor(model)
    with terminal_listener() as listener:
        watch = Watch(listener)
        if source.startswith("event:"):
            if occurrence or hand:
                raise ConfigError(
                    "`--occurrence` and `--hand` are for radar files; an event's layers are Earth Engine's.",
                    remedy="Leave them out, or give a Sentinel-1 GeoTIFF.",
                )
            with open_session(local, project, state):
                raster = map_event_file(predictor, source[len("event:") :], output, source=file, watch=watch)
                products = {output: raster}
        else:
            path = Path(source.removeprefix("file:"))
            # Without a choice a file is mapped as it is: no account is needed to look at one.
            chosen = local or project is not None or resolve()[0].engine is not None
            layers = Layers(occurrence, hand, session=chosen)
            session = open_session(local, project, state) if layers.session else None
            try:
                if path.is_dir():
                    products = predict_folder(predictor, path, output, layers=layers, watch=watch)
                else:
                    products = {output: predict_file(predictor, path, output, layers=layers, watch=watch)}
            finally:
                if session is not None:
                    session.close()
    if json:
        emit(
            {
                str(path): raster.properties.model_dump(mode="json", by_alias=True)
                for path, raster in products.items()
            }
        )
        return
    for path, raster in products.items():
        _describe(path, raster)


def _describe(path: Path, raster: FloodRaster) -> None:
    properties = raster.properties
    show(f"{path}: {properties.event}")
    if properties.not_assessed:
        show("not assessed: " + ", ".join(properties.not_assessed))
    if not properties.validated_on:
        show("not validated for operational use")


def draw(
    sources: Annotated[list[Path], typer.Argument(help="Flood products.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The page, one self-contained HTML file.")] = Path(
        "map.html"
    ),
    picture: Annotated[Path | None, typer.Option(help="Also draw the first product as a PNG.")] = None,
    radar: Annotated[Path | None, typer.Option(help="Sentinel-1 GeoTIFF to lay under.")] = None,
) -> None:
    """Draw products as one HTML file that opens with no network, and as a picture."""
    from ee_floods.workflows.draw import draw_products

    for path in draw_products(sources, out, picture=picture, radar=radar):
        note(f"wrote {path}")


def stats(source: _Product, json: Json = False) -> None:
    """Print the area of each class; what was not observed stands apart."""
    from ee_floods.inference.product_file import read_product
    from ee_floods.statistics.area import area_report

    raster = read_product(source)
    report = area_report(raster)
    if json:
        emit({"source": source.name, "simulated": raster.properties.simulated, "classes": report.to_rows()})
        return
    rows = [
        [
            str(row["label"]),
            f"{row['km2']:.3f}",
            "-" if row["share_of_observed"] is None else f"{row['share_of_observed']:.1%}",
        ]
        for row in report.to_rows()
    ]
    columns = [("class", "left"), ("km²", "right"), ("of what was observed", "right")]
    show(table(raster.properties.event, columns, rows))


def publish(
    file: _Product,
    asset_id: Annotated[str, typer.Argument(help="projects/PROJECT/assets/...")],
    bucket: Bucket = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an asset with other content.")] = False,
    allow_simulated: Annotated[bool, typer.Option(help="Let simulated data into a real project.")] = False,
    local: Local = False,
    project: Project = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Publish a product as an Earth Engine asset and check that it reads back as the file."""
    from ee_floods.workflows.publish import publish_file
    from ee_floods.workflows.watch import Watch

    with open_session(local, project, state), terminal_listener() as listener:
        asset = publish_file(
            file,
            asset_id,
            bucket=bucket,
            overwrite=overwrite,
            allow_simulated=allow_simulated,
            watch=Watch(listener),
        )
    if json:
        emit(asset.to_dict())
    else:
        show(f"{asset.asset_id}: {'unchanged' if asset.unchanged else 'published'}")
