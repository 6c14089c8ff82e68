"""Spectral water indices of Sentinel-2 and the weak label made from them.

| index | formula | source |
|---|---|---|
| NDWI | (B3 - B8) / (B3 + B8) | McFeeters, Int. J. Remote Sensing 17 (1996), 1425-1432 |
| MNDWI | (B3 - B11) / (B3 + B11) | Xu, Int. J. Remote Sensing 27 (2006), 3025-3033 |
| NDVI | (B8 - B4) / (B8 + B4) | Rouse et al., NASA SP-351 (1974), 309-317 |
| AWEInsh | 4 (B3 - B11) - (0.25 B8 + 2.75 B12) | Feyisa et al., Remote Sens. Environ. 140 (2014), 23-35 |
| AWEIsh | B2 + 2.5 B3 - 1.5 (B8 + B11) - 0.25 B12 | the same |

Bands are reflectance x 10000 or reflectance: normalised differences do not care, nor does the zero of AWEI.
The weak label calls a clear pixel water where MNDWI > 0 (Xu's threshold) and MNDWI > NDVI, the comparison
that keeps wet vegetation out (Zou et al., PNAS 115 (2018), 3810-3815).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ee_floods.config.pairing import MIN_CLEAR_SCORE
from ee_floods.errors import InputError, suggest

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "INDICES",
    "MNDWI_WATER",
    "index",
    "index_image",
    "weak_label",
    "weak_label_image",
]

MNDWI_WATER = 0.0
"""MNDWI above which a pixel may be water (Xu 2006)."""

_NORMALISED = {"ndwi": ("B3", "B8"), "mndwi": ("B3", "B11"), "ndvi": ("B8", "B4")}
_LINEAR: Mapping[str, Mapping[str, float]] = {
    "awei_nsh": {"B3": 4.0, "B11": -4.0, "B8": -0.25, "B12": -2.75},
    "awei_sh": {"B2": 1.0, "B3": 2.5, "B8": -1.5, "B11": -1.5, "B12": -0.25},
}

INDICES: tuple[str, ...] = (*_NORMALISED, *_LINEAR)
"""Names that `index` and `index_image` know."""


def index(name: str, bands: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float64]:
    """Return a spectral index.

    Args:
        name: One of `INDICES`.
        bands: Sentinel-2 bands by name, equal shapes, NaN where masked.

    Returns:
        float64 of the bands' shape; NaN where an input is masked or both bands of a ratio are 0.
    """
    import numpy as np

    _known(name)
    if name in _LINEAR:
        terms = [weight * np.asarray(bands[band], np.float64) for band, weight in _LINEAR[name].items()]
        return np.asarray(np.sum(terms, axis=0))
    first, second = (np.asarray(bands[band], dtype=np.float64) for band in _NORMALISED[name])
    out = np.full(first.shape, np.nan)
    np.divide(first - second, first + second, out=out, where=(first + second) != 0)
    return out


def index_image(name: str, image: ee.Image) -> ee.Image:
    """Return a graph with one float band, named as the index, masked where an input is.

    Unlike `normalizedDifference` it does not mask negative inputs: `index` has the same rule.

    Args:
        name: One of `INDICES`.
        image: Sentinel-2 bands by name.
    """
    _known(name)
    if name in _LINEAR:
        (band, weight), *others = _LINEAR[name].items()
        total = image.select(band).toDouble().multiply(weight)
        for band, weight in others:
            total = total.add(image.select(band).toDouble().multiply(weight))
        named: ee.Image = total.rename(name)
        return named
    first, second = (image.select(band).toDouble() for band in _NORMALISED[name])
    both = first.add(second)
    ratio: ee.Image = first.subtract(second).divide(both).updateMask(both.neq(0)).rename(name)
    return ratio


def _known(name: str) -> None:
    if name not in INDICES:
        raise InputError(f"`name`: there is no index {name!r}.", remedy=suggest(name, INDICES))


def weak_label(
    bands: Mapping[str, NDArray[np.floating]],
    cloud_score: NDArray[np.floating],
    *,
    min_clear_score: float = MIN_CLEAR_SCORE,
) -> NDArray[np.int8]:
    """Return the Sentinel-2 weak label: -1 invalid, 0 dry, 1 water.

    Args:
        bands: At least B3, B4, B8, B11; `(H, W)`, NaN where masked.
        cloud_score: Cloud Score+ `cs_cdf`, 0..1, `(H, W)`; NaN where there is none.
        min_clear_score: Pixels below it are invalid.
    """
    import numpy as np

    mndwi, ndvi = index("mndwi", bands), index("ndvi", bands)
    with np.errstate(invalid="ignore"):
        water = (mndwi > MNDWI_WATER) & (mndwi > ndvi)
        clear = np.asarray(cloud_score) >= min_clear_score
    valid = clear & np.isfinite(mndwi) & np.isfinite(ndvi)
    return np.where(valid, water, -1).astype(np.int8)


def weak_label_image(
    image: ee.Image, cloud_score: ee.Image, *, min_clear_score: float = MIN_CLEAR_SCORE
) -> ee.Image:
    """Return a graph of the Sentinel-2 weak label, band `weak_s2`: -1 invalid, 0 dry, 1 water.

    Masked where Sentinel-2 is masked; -1 where it looked and saw cloud, or where there is no score.

    Args:
        image: Bands B3, B4, B8, B11.
        cloud_score: One band, `cs_cdf`.
        min_clear_score: Pixels below it are invalid.
    """
    mndwi, ndvi = index_image("mndwi", image), index_image("ndvi", image)
    water = mndwi.gt(MNDWI_WATER).And(mndwi.gt(ndvi))
    # An image without a score would mask the label; 0 says "not clear" instead.
    clear = cloud_score.unmask(0, False).gte(min_clear_score)
    return water.add(1).multiply(clear).subtract(1).rename("weak_s2")
