"""A flood map as a picture: the map with its graticule and scale, and beside it all a reader must know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ee_floods.contracts.product import FloodClass
from ee_floods.contracts.provenance import SIMULATED
from ee_floods.maps.captions import facts, legend_entries, not_assessed_text, observed_text
from ee_floods.maps.column import INK, MUTED, PAPER, WARNING, Column, height_needed, wrapped
from ee_floods.maps.display import as_raster, bounded, grey, radar_on, without_rotation
from ee_floods.maps.graticule import degree_text, graticule, round_length
from ee_floods.maps.palette import class_rgba
from ee_floods.statistics.area import area_report

if TYPE_CHECKING:
    from ee_floods.grid import Grid
    from ee_floods.inference.radar_file import RadarScene
    from ee_floods.inference.raster import FloodRaster

__all__ = ["draw_figure"]

DPI = 160
"""About 1,800 x 1,100 pixels in all: sharp on a laptop's screen and on half a printed page."""

MAP_SIDE = 1100
"""Pixels a side to which a product is made coarser first: what the map's box can show at `DPI`."""

MAP_LIMIT = (6.8, 6.0)
"""Greatest width and height of the map in inches; the picture is as wide as its map and column need."""

LEFT, BOTTOM, HEADING, GAP, COLUMN, RIGHT = 0.75, 0.5, 1.15, 0.45, 3.25, 0.3
"""Inches: margins left and below, the heading's height, the gap to the column, its width, margin right."""

GREATEST_COLUMN = 9.0
"""Inches after which the column's last facts are cut off rather than the picture made longer."""


def draw_figure(
    product: FloodRaster | Path,
    out_png: Path,
    *,
    radar: RadarScene | None = None,
    title: str | None = None,
) -> Path:
    """Draw a product as a PNG; the same product gives the same bytes.

    Args:
        product: The product or its file.
        out_png: Where to; written whole or not at all.
        radar: The scene behind it: its VV (or VH) is then drawn in grey where the product is dry.
        title: Heading; default is the event's name.

    Returns:
        The path of the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    full = as_raster(product)
    report = area_report(full)
    shown, factor = bounded(without_rotation(full), MAP_SIDE)
    entries = legend_entries(report)
    warning = not_assessed_text(full.properties)
    others = [f"{name}: {value}" for name, value in facts(full.properties)]
    if factor > 1:
        others.insert(0, f"Drawn from blocks of {factor} x {factor} pixels; areas from every pixel.")
    column_height = min(height_needed(len(entries), [warning, *others], COLUMN), GREATEST_COLUMN)
    page = _page(shown.grid, column_height)
    # Simulated radar under a real product would make a picture that looks real.
    simulated = full.properties.simulated or (radar is not None and radar.provenance.simulated)
    figure = Figure(figsize=(page.width, page.height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes(page.map_box)
    backdrop = _draw_map(axes, shown, radar)
    _draw_graticule(axes, shown.grid)
    _draw_scale_bar(axes, shown.grid, page)
    # Inches from the lower left corner, for all text and swatches.
    inches = figure.dpi_scale_trans
    _draw_heading(figure, inches, full, title, page, simulated=simulated)
    left = LEFT + page.map_width + GAP
    column = Column(figure, inches, left=left, right=left + COLUMN, top=page.top)
    column.legend(entries, report, backdrop)
    column.paragraph(warning, WARNING)
    for text in others:
        column.paragraph(text, MUTED)
    if simulated:
        _draw_simulated(figure, inches, axes, page)
    out_png = Path(out_png)
    partial = out_png.with_name(out_png.name + ".part")
    # Matplotlib writes its version into the file otherwise.
    figure.savefig(partial, format="png", metadata={"Software": None})
    return partial.replace(out_png)


@dataclass(frozen=True)
class Page:
    """Sizes of the picture, its map and its column in inches."""

    map_width: float
    map_height: float
    column_height: float

    @property
    def width(self) -> float:
        """Of the picture."""
        return LEFT + self.map_width + GAP + COLUMN + RIGHT

    @property
    def height(self) -> float:
        """Of the picture."""
        return HEADING + max(BOTTOM + self.map_height, self.column_height)

    @property
    def top(self) -> float:
        """Upper edge of the map above the picture's lower edge."""
        return self.height - HEADING

    @property
    def map_box(self) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of the map in parts of the picture."""
        bottom = self.top - self.map_height
        return (
            LEFT / self.width,
            bottom / self.height,
            self.map_width / self.width,
            self.map_height / self.height,
        )


def _page(grid: Grid, column_height: float) -> Page:
    width, height = _metres(grid)
    inches_per_metre = min(MAP_LIMIT[0] / width, MAP_LIMIT[1] / height)
    # A map of a narrow strip still has room for its coordinates and scale.
    return Page(max(width * inches_per_metre, 1.6), max(height * inches_per_metre, 1.6), column_height)


def _extent(grid: Grid) -> tuple[float, float, float, float]:
    left, bottom, right, top = grid.bounds
    return left, right, bottom, top


def _draw_map(axes: Any, raster: FloodRaster, radar: RadarScene | None) -> str | None:
    """Draw radar and classes; return the name of the radar band drawn under the classes, if one is."""
    left, bottom, right, top = raster.grid.bounds
    axes.set_facecolor(PAPER)
    backdrop = None
    without: frozenset[int] = frozenset()
    if radar is not None:
        backdrop = "VV" if "VV" in radar.bands else next(iter(radar.bands))
        values, _, _ = grey(radar_on(radar, backdrop, raster.grid))
        axes.imshow(values, cmap="gray", vmin=1, vmax=255, extent=_extent(raster.grid), aspect="auto",
                    interpolation="nearest")  # fmt: skip
        without = frozenset({int(FloodClass.DRY)})
    axes.imshow(class_rgba(raster.flood, without=without), extent=_extent(raster.grid), aspect="auto",
                interpolation="nearest")  # fmt: skip
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    for spine in axes.spines.values():
        spine.set(color=INK, linewidth=0.8)
    return backdrop


def _metres(grid: Grid) -> tuple[float, float]:
    """Width and height of a grid through its middle, in m on the ellipsoid."""
    from pyproj import Geod, Transformer

    left, bottom, right, top = grid.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    to_lonlat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_lonlat.transform([left, right, x, x], [y, y, bottom, top])
    geod = Geod(ellps="WGS84")
    _, _, width = geod.inv(lon[0], lat[0], lon[1], lat[1])
    _, _, height = geod.inv(lon[2], lat[2], lon[3], lat[3])
    return float(width), float(height)


def _draw_graticule(axes: Any, grid: Grid) -> None:
    import numpy as np

    lines, step_x, step_y = graticule(grid)
    left, bottom, right, top = grid.bounds
    ticks: dict[bool, list[tuple[float, str]]] = {True: [], False: []}
    for line in lines:
        axes.plot(line.x, line.y, color="white", linewidth=1.4, alpha=0.55, zorder=3)
        axes.plot(line.x, line.y, color=INK, linewidth=0.4, alpha=0.7, zorder=3)
        # Where the line meets the frame: meridians below, parallels on the left.
        if line.meridian:
            place = float(np.interp(bottom, line.y, line.x))
            inside = left <= place <= right
        else:
            place = float(np.interp(left, line.x, line.y))
            inside = bottom <= place <= top
        if inside:
            step = step_x if line.meridian else step_y
            ticks[line.meridian].append((place, degree_text(line.degrees, step, meridian=line.meridian)))
    axes.set_xticks([at for at, _ in ticks[True]], [text for _, text in ticks[True]])
    axes.set_yticks([at for at, _ in ticks[False]], [text for _, text in ticks[False]])
    axes.tick_params(labelsize=8, colors=INK, length=3, width=0.6)
    for label in axes.get_yticklabels():
        label.set(rotation=90, va="center")


def _draw_scale_bar(axes: Any, grid: Grid, page: Page) -> None:
    from matplotlib.patches import Rectangle

    width, _ = _metres(grid)
    length = round_length(width / 4)
    bar = page.map_width * length / width
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"

    def rectangle(x: float, y: float, wide: float, high: float, **style: Any) -> None:
        box = (x / page.map_width, y / page.map_height)
        size = (wide / page.map_width, high / page.map_height)
        axes.add_patch(Rectangle(box, *size, transform=axes.transAxes, zorder=5, **style))

    rectangle(0.12, 0.12, bar + 0.3, 0.4, facecolor="white", edgecolor="none", alpha=0.9)
    rectangle(0.27, 0.19, bar / 2, 0.07, facecolor=INK, edgecolor=INK, lw=0.8)
    rectangle(0.27 + bar / 2, 0.19, bar / 2, 0.07, facecolor="white", edgecolor=INK, lw=0.8)
    axes.text((0.27 + bar / 2) / page.map_width, 0.3 / page.map_height, text, ha="center", va="bottom",
              fontsize=9, color=INK, transform=axes.transAxes, zorder=6)  # fmt: skip
    # North is up the middle meridian; in UTM that is within 3 degrees of the frame.
    x = 1 - 0.28 / page.map_width
    axes.annotate(
        "N", xy=(x, 1 - 0.12 / page.map_height), xytext=(x, 1 - 0.55 / page.map_height),
        xycoords="axes fraction", ha="center", va="center", fontsize=10, fontweight="bold", color=INK,
        zorder=6,
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2},
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
    )  # fmt: skip


def _draw_heading(
    figure: Any, inches: Any, raster: FloodRaster, title: str | None, page: Page, *, simulated: bool
) -> None:
    properties = raster.properties
    heading = title or properties.event or "Flood map"
    if simulated and not heading.startswith(SIMULATED):
        heading = f"{SIMULATED} {heading}"
    room = (page.width - LEFT - RIGHT - (2.1 if simulated else 0)) * 72
    lines = wrapped(heading, room, 17)
    heading = lines[0] if len(lines) == 1 else lines[0].rstrip() + "…"
    figure.text(LEFT, page.top + 0.76, heading, fontsize=17, fontweight="bold", color=INK, va="center",
                transform=inches)  # fmt: skip
    line = f"{observed_text(properties)}  ·  {properties.model}"
    figure.text(LEFT, page.top + 0.44, line, fontsize=10.5, color=MUTED, va="center", transform=inches)
    figure.text(LEFT, page.top + 0.19, properties.validation, fontsize=10.5, fontweight="bold", va="center",
                color=MUTED if properties.validated_on else WARNING, transform=inches)  # fmt: skip


def _draw_simulated(figure: Any, inches: Any, axes: Any, page: Page) -> None:
    figure.text(
        page.width - RIGHT - 0.1, page.top + 0.72, SIMULATED, fontsize=19, fontweight="bold", color="white",
        ha="right", va="center", transform=inches,
        bbox={"boxstyle": "square,pad=0.35", "facecolor": WARNING, "edgecolor": "none"},
    )  # fmt: skip
    # Across the map too, so that a cut-out of it still says so.
    axes.text(
        0.5, 0.5, SIMULATED, transform=axes.transAxes, rotation=30, fontsize=7 * page.map_width,
        fontweight="bold", color="white", alpha=0.45, ha="center", va="center", zorder=7,
    )  # fmt: skip
