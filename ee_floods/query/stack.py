"""The contracted stack of a pair: all bands of a chip in one Earth Engine graph, masked where unknown.

The fill of a chip (`contracts.chip.FILL`) is not in here: exports and direct reads put it in at the very end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ee_floods.config.pairing import MIN_CLEAR_SCORE
from ee_floods.contracts.chip import BANDS, FILL, S2_BANDS, STACK_BANDS
from ee_floods.errors import InputError, suggest
from ee_floods.grid import Grid
from ee_floods.methods.otsu import histogram_graph, read_histogram, threshold_of_histogram
from ee_floods.query import sentinel1, sentinel2
from ee_floods.query.labels import LabelSource, label_image, parse_label_source
from ee_floods.query.pairs import Pair
from ee_floods.query.terrain import hand_image, terrain_slope_image, worldcover_image
from ee_floods.query.water import occurrence_image
from ee_floods.service.retry import retry

if TYPE_CHECKING:
    import ee

__all__ = ["STACKED_BANDS", "chip_stack", "solid", "weak_thresholds"]

STACKED_BANDS = (*STACK_BANDS, "angle", "slope", "worldcover")
"""Bands that `chip_stack` makes: all contracted ones, and these of the optional ones."""

_HISTOGRAM_PIXELS = 4_000_000
"""Pixels that a threshold is taken from at most: far more than its histogram of 600 bins can tell apart, and
under Earth Engine's own default limit of 1e7 for one reduction."""


def chip_stack(
    pair: Pair,
    *,
    scale: float = 10.0,
    bands: Sequence[str] = STACK_BANDS,
    label_source: LabelSource | str | None = None,
    thresholds: Mapping[str, float] | None = None,
    min_clear_score: float = MIN_CLEAR_SCORE,
) -> ee.Image:
    """Return the graph of a pair's stack: float bands in the contract's units, masks 0 or 1.

    Ask for it on a grid of pixels of `scale` m. At 16 m radar power is averaged, Sentinel-2 bands and scores
    finer than that are averaged, labels are the majority of valid pixels (a tie is invalid); bands that are
    coarser than the grid are read by nearest neighbour, as Earth Engine does.

    Args:
        pair: A pair of `find_pairs`.
        scale: Pixel size in m of the grid that will be asked for.
        bands: Bands in the order wanted, of `STACKED_BANDS`.
        label_source: Where `label` comes from; None leaves that band masked everywhere.
        thresholds: `{"weak_s1": dB}`, as `weak_thresholds` returns it. None asks for it here, if `weak_s1` is
            among the bands: one request, which a caller who wants the threshold on record makes himself.
        min_clear_score: Cloud Score+ below which `weak_s2` is invalid, 0..1.

    Raises:
        InputError: If a band is unknown, or the label source cannot be read by a graph.
    """
    _check_bands(bands)
    wanted = set(bands)
    if "weak_s1" in wanted and thresholds is None:
        thresholds = weak_thresholds(pair)
    parts: list[Any] = []
    if wanted & {"VV", "VH", "angle"}:
        parts.append(sentinel1.pass_image(pair.s1_ids, scale=scale))
    if wanted & {*S2_BANDS, "cloud_score", "weak_s2"}:
        weak = "weak_s2" in wanted
        parts.append(
            sentinel2.pass_image(pair.s2_ids, scale=scale, weak_label=weak, min_clear_score=min_clear_score)
        )
    if "weak_s1" in wanted:
        threshold = (thresholds or {}).get("weak_s1")
        if threshold is None:
            raise InputError(
                f"`thresholds` {dict(thresholds or {})!r} has no `weak_s1`.", remedy="Use `weak_thresholds`."
            )
        parts.append(sentinel1.pass_weak_label(pair.s1_ids, threshold, scale=scale))
    if "label" in wanted:
        parts.append(_label(label_source, pair, scale))
    makers = {
        "occurrence": occurrence_image,
        "hand": hand_image,
        "slope": terrain_slope_image,
        "worldcover": worldcover_image,
    }
    parts.extend(make() for name, make in makers.items() if name in wanted)
    stack = parts[0]
    for part in parts[1:]:
        stack = stack.addBands(part)
    return solid(stack.select(list(bands)).toFloat(), bands)


def solid(image: ee.Image, bands: Sequence[str]) -> ee.Image:
    """Return a graph of an image whose masks are 0 or 1: a pixel stays if at least half of it is valid.

    `updateMask` and `unmask` leave a fractional mask fractional, and Earth Engine's exports and direct reads
    treat such pixels differently.

    Args:
        image: Float bands.
        bands: Their names.
    """
    import ee

    valid = image.mask().gte(0.5)
    # `where` takes the value and keeps the mask of its input, which is 1 everywhere.
    full = ee.Image.constant([FILL] * len(bands)).rename(list(bands)).toFloat()
    whole: ee.Image = full.where(valid, image).updateMask(valid)
    return whole


def weak_thresholds(pair: Pair) -> dict[str, float]:
    """Return the thresholds of a pair's weak labels by band: `{"weak_s1": Otsu's threshold on VH, dB}`.

    One request: the histogram of VH over the pair's grid, which is thinned to at most 4 million pixels.

    Raises:
        InputError: If the radar saw nothing there.
    """
    vh = sentinel1.pass_image(pair.s1_ids).select("VH")
    graph = histogram_graph(vh, _thinned(pair.grid))
    answer: Any = retry(graph.getInfo, doing=f"reading the histogram of VH of {pair.id}")
    try:
        return {"weak_s1": threshold_of_histogram(read_histogram(answer))}
    except InputError as error:
        raise InputError(f"Pair {pair.id}: {error.message}", remedy=error.remedy) from error


def _thinned(grid: Grid) -> Grid:
    pixels = grid.height * grid.width
    return grid if pixels <= _HISTOGRAM_PIXELS else grid.scaled((pixels / _HISTOGRAM_PIXELS) ** 0.5)


def _label(source: LabelSource | str | None, pair: Pair, scale: float) -> ee.Image:
    import ee

    if source is None:
        nothing: ee.Image = ee.Image.constant(-1).toFloat().rename("label").updateMask(0)
        return nothing
    parsed = parse_label_source(source) if isinstance(source, str) else source
    return label_image(parsed, pair.event_id, pair.s2_time, scale=scale)


def _check_bands(bands: Sequence[str]) -> None:
    if not bands:
        raise InputError("`bands` is empty.", remedy="Name at least one band.")
    for name in bands:
        if name not in STACKED_BANDS:
            known = "is not made by this version" if name in BANDS else "is unknown"
            raise InputError(f"`bands`: {name!r} {known}.", remedy=suggest(name, STACKED_BANDS))
    if len(set(bands)) != len(bands):
        raise InputError(f"`bands` names a band twice: {list(bands)}.")
