"""The chip: bands, units and fill of one patch of the stack, as Earth Engine's TFRecords hold it.

A chip is a mapping from band name to a float32 array `(H, W)`. On disk every band holds `FILL` where it is
masked, because Earth Engine otherwise writes 0, which is a legal dB and a legal "dry". `observed` turns the
fill into NaN and `labels` into -1 before any arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ee_floods.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ANCILLARY_BANDS",
    "BANDS",
    "FILL",
    "LABEL_BANDS",
    "OPTIONAL_BANDS",
    "PATCH",
    "S1_BANDS",
    "S2_BANDS",
    "STACK_BANDS",
    "BandSpec",
    "check_label_values",
    "chip_id",
    "labels",
    "observed",
]

FILL = -9999.0
"""Written where a band is masked; outside the range of every band."""

PATCH = 256
"""Default side of a chip in pixels."""


@dataclass(frozen=True)
class BandSpec:
    """Name, unit and meaning of one band of a chip."""

    name: str
    unit: str
    meaning: str
    categorical: bool = False


S1_BANDS = ("VV", "VH")
S2_BANDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
ANCILLARY_BANDS = ("cloud_score", "occurrence", "hand")
LABEL_BANDS = ("label", "weak_s2", "weak_s1")
OPTIONAL_BANDS = ("angle", "slope", "VV_pre", "VH_pre", "worldcover")
STACK_BANDS = (*S1_BANDS, *S2_BANDS, *ANCILLARY_BANDS, *LABEL_BANDS)
"""The contracted bands, in the order in which they are exported."""

BANDS: Mapping[str, BandSpec] = {
    spec.name: spec
    for spec in (
        BandSpec("VV", "dB", "Sentinel-1 GRD sigma0, IW, VV"),
        BandSpec("VH", "dB", "Sentinel-1 GRD sigma0, IW, VH"),
        *(BandSpec(name, "reflectance x 10000", f"Sentinel-2 L1C {name}") for name in S2_BANDS),
        BandSpec("cloud_score", "0..1", "Cloud Score+ cs_cdf, higher is clearer"),
        BandSpec("occurrence", "%", "JRC water occurrence; 0 where JRC saw no water"),
        BandSpec("hand", "m", "height above nearest drainage"),
        BandSpec("label", "class", "hand label: -1 invalid, 0 dry, 1 water", categorical=True),
        BandSpec("weak_s2", "class", "weak label from Sentinel-2 indices", categorical=True),
        BandSpec("weak_s1", "class", "weak label from Otsu on VH", categorical=True),
        BandSpec("angle", "degree", "incidence angle"),
        BandSpec("slope", "degree", "terrain slope"),
        BandSpec("VV_pre", "dB", "Sentinel-1 VV before the event, same relative orbit"),
        BandSpec("VH_pre", "dB", "Sentinel-1 VH before the event, same relative orbit"),
        BandSpec("worldcover", "code", "ESA WorldCover class", categorical=True),
    )
}


def observed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a float32 copy with NaN where the array holds the fill."""
    import numpy as np

    array = np.array(values, dtype=np.float32)
    array[array == np.float32(FILL)] = np.nan
    return array


def labels(values: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return a label band as int8 with -1 where it holds the fill or NaN.

    Raises:
        InputError: If a value is none of -1, 0, 1 and the fill.
    """
    import numpy as np

    array = np.asarray(values)
    clean = np.where(np.isnan(array) | (array == FILL), -1, array)
    check_label_values(clean, "label")
    return clean.astype(np.int8)


def check_label_values(values: NDArray[np.generic], source: str) -> None:
    """Raise `InputError` naming `source` if a label holds a value other than -1, 0 and 1."""
    import numpy as np

    found = np.unique(values)
    wrong = found[~np.isin(found, (-1, 0, 1))]
    if wrong.size:
        shown = ", ".join(str(v) for v in wrong[:5].tolist())
        raise InputError(
            f"{source} holds the label value(s) {shown}; labels are -1 (invalid), 0 (dry) and 1 (water).",
            remedy="Recode the raster first.",
        )


def chip_id(pair: str, row: int, col: int) -> str:
    """Return the id of the patch at patch row and column of a pair: `<pair>/<row>-<col>`."""
    return f"{pair}/{row:03d}-{col:03d}"
