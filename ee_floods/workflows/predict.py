"""Map floods in radar files: a file to a product, a folder to a folder of products."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.errors import IncompleteError, InputError
from ee_floods.workflows import ancillary
from ee_floods.workflows.watch import Watch

if TYPE_CHECKING:
    from ee_floods.inference.raster import FloodRaster
    from ee_floods.models.predictor import Predictor

__all__ = ["Layers", "check_output", "predict_file", "predict_folder"]


@dataclass(frozen=True)
class Layers:
    """Where reference water and terrain come from.

    Args:
        occurrence: Raster of JRC occurrence in %.
        hand: Raster of height above nearest drainage in m.
        session: Whether to take what no file gives from the open session, if it is as real as the radar.
    """

    occurrence: Path | None = None
    hand: Path | None = None
    session: bool = False


def predict_file(
    predictor: Predictor,
    source: Path,
    output: Path,
    *,
    layers: Layers | None = None,
    event: str | None = None,
    watch: Watch | None = None,
) -> FloodRaster:
    """Map the flood in a Sentinel-1 GeoTIFF and write the product.

    Args:
        predictor: The model.
        source: VV and VH in dB.
        output: Path of the product, a COG.
        layers: Where reference water and terrain come from; None assesses neither.
        event: Name for the product; default is the file's.
        watch: Told of progress.

    Returns:
        The product as written.

    Raises:
        InputError: If the source cannot be used.
    """
    from ee_floods.inference.product_file import write_product
    from ee_floods.inference.radar_file import read_radar
    from ee_floods.inference.scene import map_scene

    chosen, seen = layers or Layers(), watch or Watch()
    if source.resolve() == output.resolve():
        raise InputError(f"`output` {output} is the input.", remedy="Give another path.")
    check_output(output)
    with seen.step(f"read {source.name}"):
        scene = read_radar(source)
        found = ancillary.from_files(scene.grid, occurrence=chosen.occurrence, hand=chosen.hand)
        if chosen.session and (found.reference is None or found.terrain is None):
            more = ancillary.from_session(scene.grid, scene.provenance)
            found = ancillary.Ancillary(found.reference or more.reference, found.terrain or more.terrain)
    with seen.step(f"map {source.name}"):
        raster = map_scene(
            predictor,
            scene,
            reference=found.reference,
            terrain=found.terrain,
            event=event,
            progress=lambda done, total: seen.advance(done, total, "windows"),
        )
    with seen.step(f"write {output.name}"):
        write_product(output, raster)
    return raster


def check_output(path: Path) -> None:
    """Raise `InputError` unless a file can be written at a path; called before any work."""
    if not path.parent.is_dir():
        raise InputError(f"`output`: there is no folder {path.parent}.", remedy=f"mkdir -p {path.parent}")
    if path.is_dir():
        raise InputError(f"`output` {path} is a folder.", remedy=f"Name a file in it: {path / 'flood.tif'}")


def predict_folder(
    predictor: Predictor,
    source: Path,
    output: Path,
    *,
    layers: Layers | None = None,
    watch: Watch | None = None,
) -> dict[Path, FloodRaster]:
    """Map every GeoTIFF of a folder into another; a file that cannot be used does not stop the others.

    Args:
        predictor: The model.
        source: Folder of `*.tif`.
        output: Folder for the products, made if absent; `<name>_flood.tif` each.
        layers: See `predict_file`.
        watch: Told of progress.

    Returns:
        Products by path.

    Raises:
        InputError: If the folder holds no GeoTIFF.
        IncompleteError: If some files could not be used; the others are written.
    """
    files = sorted(p for p in source.iterdir() if p.suffix.lower() in (".tif", ".tiff"))
    if not files:
        raise InputError(f"{source} holds no *.tif.", remedy="Give a folder of Sentinel-1 GeoTIFFs.")
    output.mkdir(parents=True, exist_ok=True)
    done: dict[Path, FloodRaster] = {}
    refused: list[str] = []
    for file in files:
        path = output / f"{file.stem}_flood.tif"
        try:
            done[path] = predict_file(predictor, file, path, layers=layers, watch=watch)
        except InputError as error:
            refused.append(f"{file.name}: {error.message}")
    if refused:
        raise IncompleteError(
            f"{len(done)} of {len(files)} files are mapped; {len(refused)} could not be used: "
            + "; ".join(refused),
            remedy="Mend or remove these; the products of the others are in place.",
        )
    return done
