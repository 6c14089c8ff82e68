"""Draw products: one self-contained HTML file, and a picture of the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ee_floods.errors import InputError
from ee_floods.grid import Grid
from ee_floods.workflows.predict import check_output

__all__ = ["draw_products"]


def draw_products(
    sources: Sequence[Path], out: Path, *, picture: Path | None = None, radar: Path | None = None
) -> tuple[Path, ...]:
    """Write a map of products, and a picture of the first if asked; return what was written.

    Args:
        sources: Flood products.
        out: Path of the HTML file.
        picture: Path of a PNG.
        radar: Sentinel-1 GeoTIFF to lay under.

    Raises:
        InputError: If there is no source, or one is no product.
    """
    from ee_floods.inference.product_file import read_product
    from ee_floods.inference.radar_file import read_radar
    from ee_floods.maps.figure import draw_figure
    from ee_floods.maps.html import write_html

    if not sources:
        raise InputError("`sources` is empty.", remedy="Give at least one flood product.")
    for path in (out, *([picture] if picture else [])):
        check_output(path)
    scene = read_radar(radar) if radar is not None else None
    if scene is not None and not _meet(scene.grid, read_product(sources[0]).grid):
        raise InputError(
            f"`radar` {radar} does not touch {sources[0]}.", remedy="Give the radar of that place."
        )
    written = [write_html(list(sources), out, radar=scene)]
    if picture is not None:
        written.append(draw_figure(read_product(sources[0]), picture, radar=scene))
    return tuple(written)


def _meet(first: Grid, second: Grid) -> bool:
    a, b = first.lonlat_bounds, second.lonlat_bounds
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
