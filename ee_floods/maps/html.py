"""A flood map as one HTML file that needs nothing else: no network, no server, no other file.

Leaflet, the style and the rasters stand inside. The rasters are the product's own values (class, probability
and exclusion as the red, green and blue of a PNG in Web Mercator), painted by the page, so that it can hide a
class and tell the values at a click. A policy in the page forbids every request and every script but its own.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ee_floods.contracts.product import CLASSES, EXCLUSION_LABELS
from ee_floods.errors import InputError
from ee_floods.inference.raster import FloodRaster
from ee_floods.maps.captions import area_text, facts, legend_entries, not_assessed_text, observed_text
from ee_floods.maps.display import as_raster, bounded, grey, north_up, radar_on, web_mercator
from ee_floods.maps.palette import EXCLUSION_COLOURS, probability_ramp
from ee_floods.statistics.area import area_report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ee_floods.grid import Grid
    from ee_floods.inference.radar_file import RadarScene

__all__ = ["MAX_SIDE", "write_html"]

MAX_SIDE = 2048
"""Pixels a side of one map in the page, after which it is made coarser. A browser holds four bytes a pixel
and layer, so four layers of 2048 x 2048 are 64 MiB, which a telephone has. Areas count every pixel."""

GRATICULE_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45)
"""Degrees between lines; the page takes the first that leaves room for its label."""


def write_html(
    sources: Sequence[FloodRaster | Path],
    out: Path,
    *,
    radar: RadarScene | None = None,
    title: str | None = None,
) -> Path:
    """Write a self-contained page with one or several products, and return its path.

    `page.html#at=LON,LAT` opens it with the values at a place; several places are separated by `;`.

    Args:
        sources: Products or their files; each becomes a layer with its own legend.
        out: Where to; written whole or not at all. The same sources give the same bytes.
        radar: A scene to lie under the first product in grey.
        title: Heading; default is the event's name.

    Raises:
        InputError: If there is no source.
    """
    if not sources:
        raise InputError("`sources` is empty.", remedy="Give at least one flood product.")
    rasters = [as_raster(source) for source in sources]
    images = Images()
    described = [
        _describe(raster, radar if index == 0 else None, images) for index, raster in enumerate(rasters)
    ]
    heading = title or " · ".join(dict.fromkeys(item["name"] for item in described))
    document = {
        "simulated": any(raster.properties.simulated for raster in rasters)
        or (radar is not None and radar.provenance.simulated),
        "classes": [
            {"value": int(spec.value), "label": spec.label, "colour": spec.colour} for spec in CLASSES
        ],
        "exclusions": [
            {"bit": int(flag), "label": label, "colour": EXCLUSION_COLOURS[flag]}
            for flag, label in EXCLUSION_LABELS.items()
        ],
        "ramp": probability_ramp(),
        "steps": GRATICULE_STEPS,
        "sources": described,
    }
    out = Path(out)
    partial = out.with_name(out.name + ".part")
    partial.write_text(_page(heading, document, images), encoding="utf-8")
    return partial.replace(out)


class Images:
    """The rasters of a page, as elements that the browser has loaded before the script runs."""

    def __init__(self) -> None:
        self._elements: list[str] = []

    def add(self, bands: NDArray[np.uint8]) -> str:
        """Keep bands `(1 or 3, H, W)` and return the id of their element."""
        name = f"raster-{len(self._elements)}"
        data = base64.b64encode(_png(bands)).decode()
        self._elements.append(f'<img id="{name}" alt="" src="data:image/png;base64,{data}">')
        return name

    @property
    def markup(self) -> str:
        """All elements."""
        return "".join(self._elements)


def _describe(raster: FloodRaster, radar: RadarScene | None, images: Images) -> dict[str, Any]:
    properties = raster.properties
    report = area_report(raster)
    small, factor = bounded(raster, MAX_SIDE)
    grid = _display_grid(small.grid)
    shown = north_up(small, grid)
    left, bottom, right, top = grid.bounds
    note = (
        f"Drawn from blocks of {factor} x {factor} pixels by their commonest class; areas are of every pixel."
        if factor > 1
        else ""
    )
    return {
        "name": properties.event or "Flood map",
        "observed": f"{observed_text(properties)}, {properties.model}",
        "validation": properties.validation,
        "validated": bool(properties.validated_on),
        "notAssessed": not_assessed_text(properties),
        "facts": facts(properties),
        "legend": [
            {
                "value": int(entry.value),
                "label": entry.label,
                "colour": entry.colour,
                "area": area_text(entry.km2),
            }
            for entry in legend_entries(report)
        ],
        "totals": [
            ["observed", area_text(report.observed_km2)],
            ["not observed", area_text(report.not_observed_km2)],
        ],
        "displayNote": note,
        "width": grid.width,
        "height": grid.height,
        "left": left,
        "top": top,
        "resolution": grid.scale,
        "corners": _corners(left, bottom, right, top),
        "values": images.add(np.stack([shown.flood, shown.water_probability, shown.exclusion])),
        "exclusionBits": int(np.bitwise_or.reduce(raster.exclusion, axis=None)),
        "radar": [] if radar is None else [_radar(radar, band, grid, images) for band in radar.bands],
    }


def _display_grid(grid: Grid) -> Grid:
    mercator = web_mercator(grid)
    # Degrees far north stretch in Web Mercator; the page stays bounded there too.
    factor = max(1.0, max(mercator.shape) / (1.5 * MAX_SIDE))
    return mercator if factor == 1.0 else mercator.scaled(factor)


def _corners(left: float, bottom: float, right: float, top: float) -> list[list[float]]:
    """South-west and north-east corner as Leaflet takes them: latitude, longitude in degrees."""
    from pyproj import Transformer

    to_lonlat = Transformer.from_crs("EPSG:3857", "EPSG:4326", always_xy=True)
    west, south = to_lonlat.transform(left, bottom)
    east, north = to_lonlat.transform(right, top)
    return [[float(south), float(west)], [float(north), float(east)]]


def _radar(scene: RadarScene, band: str, grid: Grid, images: Images) -> dict[str, Any]:
    values, low, high = grey(radar_on(scene, band, grid))
    return {"band": band, "range": f"{low:.1f} to {high:.1f} dB", "values": images.add(values[np.newaxis])}


def _png(bands: NDArray[np.uint8]) -> bytes:
    """A lossless PNG of one grey or three coloured bands `(1 or 3, H, W)`."""
    import warnings

    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    count, height, width = bands.shape
    with warnings.catch_warnings(), MemoryFile() as memory:
        # A picture in a page has no place on Earth of its own; the page knows it.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(
            driver="PNG", dtype="uint8", count=count, height=height, width=width, ZLEVEL=9
        ) as dataset:
            dataset.write(bands)
        return bytes(memory.read())


def _page(title: str, document: Mapping[str, Any], images: Images) -> str:
    package = resources.files("ee_floods.maps")

    def text(*parts: str) -> str:
        return package.joinpath(*parts).read_text(encoding="utf-8")

    leaflet_css = re.sub(r"url\([^)]*\)", "none", text("vendor", "leaflet", "leaflet.css"))
    leaflet_js = re.sub(r"\n//# sourceMappingURL=\S*\s*$", "\n", text("vendor", "leaflet", "leaflet.js"))
    style, script = text("templates", "map.css"), text("templates", "map.js")
    # "</script>" in an event's name must not end the element.
    data = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )
    values = {
        "csp": _policy([leaflet_js, script], [leaflet_css, style]),
        "title": html.escape(title),
        "leaflet_licence": text("vendor", "leaflet", "LICENSE").replace("--", "- -"),
        "leaflet_css": leaflet_css,
        "style": style,
        "leaflet_js": leaflet_js,
        "script": script,
        "rasters": images.markup,
        "data": data,
    }
    # One pass, so that what is put in is not searched for further places.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], text("templates", "map.html"))


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A Content-Security-Policy that allows these texts, images inside the page, and nothing else."""

    def hashes(texts: Sequence[str]) -> str:
        digests = (base64.b64encode(hashlib.sha256(item.encode()).digest()).decode() for item in texts)
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    return (
        f"default-src 'none'; img-src data:; script-src {hashes(scripts)}; style-src {hashes(styles)}; "
        "base-uri 'none'; form-action 'none'"
    )
