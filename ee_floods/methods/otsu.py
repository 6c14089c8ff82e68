"""Otsu's threshold: the value that splits a histogram into two classes of least variance within.

Source: N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems,
Man, and Cybernetics 9 (1979), 62-66. Water is the darker class of VH backscatter.

On Earth Engine the histogram is made by the service on bins that are the same for every scene, and the
threshold is picked here from its counts: one request of a few kilobytes, whatever the size of the scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ee_floods.errors import InputError

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

    from ee_floods.grid import Grid

__all__ = [
    "BIN_COUNT",
    "BIN_RANGE_DB",
    "OTSU_BINS",
    "below_image",
    "histogram",
    "histogram_graph",
    "otsu_threshold",
    "read_histogram",
    "threshold_of_histogram",
]

OTSU_BINS = 256
"""Bins between the least and the greatest value, scikit-image's default and that of the published counts."""

BIN_RANGE_DB = (-50.0, 10.0)
"""dB; the range of the fixed bins: VH of land and water lies inside, what is outside is left out."""

BIN_COUNT = 600
"""Fixed bins of 0.1 dB: far finer than speckle, and 5 KB in an answer."""


def otsu_threshold(values: NDArray[np.floating]) -> float:
    """Return Otsu's threshold of the finite values of an array, in their unit.

    The histogram has `OTSU_BINS` bins between the least and the greatest value, as in
    `skimage.filters.threshold_otsu`, which computes it.

    Args:
        values: Any shape; NaN is left out.

    Raises:
        InputError: If fewer than two distinct finite values are left.
    """
    import numpy as np
    from skimage.filters import threshold_otsu

    finite = values[np.isfinite(values)]
    if finite.size == 0 or finite.min() == finite.max():
        raise InputError(
            f"Otsu's threshold needs two distinct values, received {finite.size} finite pixel(s)"
            + (f", all {finite.flat[0]}." if finite.size else "."),
            remedy="Give a scene that the radar observed.",
        )
    return float(threshold_otsu(finite, nbins=OTSU_BINS))  # type: ignore[no-untyped-call]


def histogram(db: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the counts of an array in dB on the fixed bins, `(BIN_COUNT,)`, without NaN and outliers."""
    import numpy as np

    values = np.asarray(db, dtype=np.float64)
    # np.histogram closes its last bin; Earth Engine's range is half open.
    values = values[(values >= BIN_RANGE_DB[0]) & (values < BIN_RANGE_DB[1])]
    return np.histogram(values, bins=BIN_COUNT, range=BIN_RANGE_DB)[0].astype(np.float64)


def threshold_of_histogram(counts: NDArray[np.floating]) -> float:
    """Return Otsu's threshold in dB of counts on the fixed bins: water is below it.

    Args:
        counts: `(BIN_COUNT,)`, as `histogram` returns them.

    Returns:
        The upper edge of the last bin of the darker class.

    Raises:
        InputError: If fewer than two bins are filled.
    """
    import numpy as np

    weights = np.asarray(counts, dtype=np.float64)
    filled = np.flatnonzero(weights)
    if filled.size < 2:
        raise InputError(
            f"Otsu's threshold needs two filled bins of backscatter, received {filled.size}.",
            remedy="Give a region that the radar observed.",
        )
    edges = np.linspace(*BIN_RANGE_DB, BIN_COUNT + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    # Splits after every bin from the first filled to the last but one: both classes have pixels.
    splits = np.arange(filled[0], filled[-1])
    below = np.cumsum(weights)[splits]
    above = weights.sum() - below
    moment = np.cumsum(weights * centres)
    gap = (moment[-1] - moment[splits]) / above - moment[splits] / below
    # Edges are tenths of a dB; float64 writes some of them with a tail.
    return round(float(edges[splits[np.argmax(below * above * gap**2)] + 1]), 6)


def histogram_graph(db: ee.Image, grid: Grid) -> ee.Dictionary:
    """Return a graph of the histogram of one band over a grid, one reduceRegion; see `read_histogram`.

    Every unmasked pixel of the grid counts once, as in `histogram`.

    Args:
        db: One band in dB.
        grid: Pixels to count.
    """
    import ee

    left, bottom, right, top = grid.bounds
    box = ee.Geometry.Rectangle([left, bottom, right, top], grid.crs, False)
    answer: ee.Dictionary = db.rename("db").reduceRegion(
        reducer=ee.Reducer.fixedHistogram(*BIN_RANGE_DB, BIN_COUNT).unweighted(),
        geometry=box,
        crs=grid.crs,
        crsTransform=list(grid.transform),
        maxPixels=10**10,
    )
    return answer


def read_histogram(answer: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the counts `(BIN_COUNT,)` in the answer to `histogram_graph`; zeros if no pixel was there."""
    import numpy as np

    # Earth Engine answers with rows of (lower edge, count), and with null for a region without a pixel.
    rows = answer.get("db")
    if rows is None:
        return np.zeros(BIN_COUNT)
    return np.asarray(rows, dtype=np.float64)[:, 1]


def below_image(db: ee.Image, threshold: float, name: str = "weak_s1") -> ee.Image:
    """Return a graph that is 1 (water) where one band in dB is below a threshold and 0 elsewhere."""
    return db.lt(threshold).rename(name)
