"""The column of text beside a map's picture: legend with areas, warnings, facts, never off the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from ee_floods.contracts.product import FloodClass
from ee_floods.maps.captions import LegendEntry, area_text
from ee_floods.statistics.area import AreaReport

__all__ = ["INK", "MUTED", "PAPER", "WARNING", "Column", "height_needed", "wrapped"]

INK, MUTED, WARNING = "#1b2430", "#56606b", "#b00020"
"""Text, lesser text and warnings; each has a contrast of 5.5 or more with white (WCAG asks for 4.5)."""

PAPER = "#e8edf1"
"""Under the map where there is no data."""

BODY, SMALL = 10.5, 8.6
"""Sizes of type in points."""

POINTS = 72.0
"""Points per inch."""

HEAD, CLASS_ROW, RULE, TOTAL_ROW = 0.36, 0.3, 0.14, 0.25
LINE, PARAGRAPH_GAP = SMALL * 1.3 / POINTS, 0.08
"""Inches that the parts of the column take."""


@cache
def _advance(character: str, size: float) -> float:
    """Width of a character of Matplotlib's own typeface in points."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    font.set_size(size, POINTS)
    # FreeType gives the unrounded advance in 1/65536 of a pixel, here of a point.
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Return text in lines no wider than `width` points at a type size, long words (scene ids) broken."""
    lines: list[str] = []
    line, used = "", 0.0
    space = _advance(" ", size)
    for word in text.split():
        length = sum(_advance(character, size) for character in word)
        if line and used + space + length <= width:
            line, used = f"{line} {word}", used + space + length
            continue
        if line:
            lines.append(line)
        line, used = "", 0.0
        for character in word:
            step = _advance(character, size)
            if line and used + step > width:
                lines.append(line)
                line, used = "", 0.0
            line, used = line + character, used + step
    return [*lines, line]


def height_needed(classes: int, paragraphs: Sequence[str], width: float) -> float:
    """Return the height of a column `width` wide with so many classes and these paragraphs, inches."""
    lines = sum(len(wrapped(text, width * POINTS, SMALL)) for text in paragraphs)
    legend = HEAD + classes * CLASS_ROW + RULE + 2 * TOTAL_ROW
    return legend + lines * LINE + (len(paragraphs) + 1) * PARAGRAPH_GAP + 0.1


class Column:
    """A pen that moves down the column.

    Args:
        figure: The Matplotlib figure.
        inches: Its transform of inches from the lower left corner.
        left: Left edge in inches.
        right: Right edge in inches.
        top: Where to begin, inches above the lower edge.
    """

    def __init__(self, figure: Any, inches: Any, *, left: float, right: float, top: float) -> None:
        self._figure, self._inches = figure, inches
        self._left, self._right, self._y = left, right, top

    def _text(self, x: float, y: float, text: str, **style: Any) -> None:
        self._figure.text(x, y, text, transform=self._inches, **style)

    def legend(self, entries: Sequence[LegendEntry], report: AreaReport, backdrop: str | None) -> None:
        """Write classes with their areas, and below a line what was and was not observed.

        Args:
            entries: The classes that occur.
            report: The areas.
            backdrop: Name of the radar band that stands where the product is dry; None if none does.
        """
        self._text(self._left, self._y, "Class", fontsize=9, color=MUTED, va="top")
        self._text(self._right, self._y, "km²", fontsize=9, color=MUTED, va="top", ha="right")
        self._y -= HEAD
        for entry in entries:
            dry = backdrop is not None and entry.value == FloodClass.DRY
            self._swatch("#8a8a8a" if dry else entry.colour or PAPER)
            self._row(
                f"{entry.label} (radar {backdrop} shown)" if dry else entry.label, entry.km2, indent=0.36
            )
            self._y -= CLASS_ROW
        self._rule(self._y + 0.12)
        self._y -= RULE - 0.04
        for label, km2 in (("observed", report.observed_km2), ("not observed", report.not_observed_km2)):
            self._row(label, km2)
            self._y -= TOTAL_ROW
        self._y -= 0.04

    def paragraph(self, text: str, colour: str) -> None:
        """Write a paragraph, shortened where the page ends."""
        room = int((self._y - 0.05) / LINE)
        if room < 1:
            return
        lines = wrapped(text, (self._right - self._left) * POINTS, SMALL)
        if len(lines) > room:
            lines = [*lines[: room - 1], lines[room - 1][:-1] + "…"]
        for line in lines:
            self._text(self._left, self._y, line, fontsize=SMALL, color=colour, va="top")
            self._y -= LINE
        self._y -= PARAGRAPH_GAP

    def _row(self, label: str, km2: float, *, indent: float = 0.0) -> None:
        self._text(self._left + indent, self._y, label, fontsize=BODY, color=INK, va="center")
        self._text(self._right, self._y, area_text(km2), fontsize=BODY, color=INK, va="center", ha="right")

    def _swatch(self, colour: str) -> None:
        from matplotlib.patches import Rectangle

        self._figure.add_artist(
            Rectangle((self._left, self._y - 0.09), 0.26, 0.18, facecolor=colour, edgecolor=INK, lw=0.6,
                      transform=self._inches)
        )  # fmt: skip

    def _rule(self, y: float) -> None:
        from matplotlib.lines import Line2D

        self._figure.add_artist(
            Line2D([self._left, self._right], [y, y], color=MUTED, lw=0.6, transform=self._inches)
        )
