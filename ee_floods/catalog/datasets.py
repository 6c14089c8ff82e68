"""Every data set that this package reads from Earth Engine: id, bands, units, scale, dates, terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

__all__ = ["DATASETS", "Band", "Dataset"]

_CATALOG = "https://developers.google.com/earth-engine/datasets/catalog/"
_COPERNICUS = "Copernicus Sentinel data terms: free, full and open; attribution required"


@dataclass(frozen=True)
class Band:
    """One band: name, unit, meaning, and its pixel size in m where that is not the data set's."""

    name: str
    unit: str
    meaning: str
    scale_m: float | None = None


@dataclass(frozen=True)
class Dataset:
    """One data set.

    Args:
        id: Earth Engine asset id.
        kind: What the id is.
        bands: The bands or properties that are used here.
        scale_m: Native pixel size in m; None for tables.
        first: First day with data.
        last: Last day, or None where it is still produced.
        citation: Whom to cite.
        licence: Terms, and the attribution they ask for.
        notes: What goes wrong silently.
        predecessor: Older id of the same data that some projects still use.
    """

    id: str
    kind: Literal["image", "image collection", "table"]
    bands: tuple[Band, ...]
    scale_m: float | None
    first: date
    last: date | None
    citation: str
    licence: str
    notes: str = ""
    predecessor: str | None = None

    @property
    def url(self) -> str:
        """Page of the data set in Earth Engine's catalogue."""
        return _CATALOG + self.id.replace("/", "_")


_S2_BANDS = tuple(
    Band(name, "reflectance x 10000", meaning, scale)
    for name, meaning, scale in (
        ("B1", "aerosol, 443 nm", 60.0),
        ("B2", "blue, 490 nm", 10.0),
        ("B3", "green, 560 nm", 10.0),
        ("B4", "red, 665 nm", 10.0),
        ("B5", "red edge, 705 nm", 20.0),
        ("B6", "red edge, 740 nm", 20.0),
        ("B7", "red edge, 783 nm", 20.0),
        ("B8", "near infrared, 842 nm", 10.0),
        ("B8A", "near infrared, 865 nm", 20.0),
        ("B9", "water vapour, 940 nm", 60.0),
        ("B10", "cirrus, 1375 nm", 60.0),
        ("B11", "short-wave infrared, 1610 nm", 20.0),
        ("B12", "short-wave infrared, 2190 nm", 20.0),
    )
)

_HEIGHT = (Band("DEM", "m", "height of the surface above EGM2008"),)
_GLO30_CITATION = "European Space Agency, Copernicus Global Digital Elevation Model (2021), GLO-30"
_GLO30_LICENCE = (
    "Copernicus DEM licence: free; (c) DLR 2010-2014, (c) Airbus 2014-2018, provided under COPERNICUS"
)

DATASETS: Mapping[str, Dataset] = {
    "s1_grd": Dataset(
        "COPERNICUS/S1_GRD",
        "image collection",
        (
            Band("VV", "dB", "sigma0, VV"),
            Band("VH", "dB", "sigma0, VH"),
            Band("angle", "degree", "incidence angle on the ellipsoid"),
        ),
        10.0,
        date(2014, 10, 3),
        None,
        "Copernicus Sentinel-1 data, European Space Agency, processed by Google Earth Engine",
        _COPERNICUS,
        "Thermal noise removed, calibrated, terrain corrected. Scenes processed before March 2018 have dark "
        "noise at the swath's borders. Footprints are rings, not polygons.",
    ),
    "s2_l1c": Dataset(
        "COPERNICUS/S2_HARMONIZED",
        "image collection",
        _S2_BANDS,
        10.0,
        date(2015, 6, 27),
        None,
        "Copernicus Sentinel-2 data, European Space Agency",
        _COPERNICUS,
        "Top of atmosphere; the offset of processing baseline 04.00 (from 2022-01-25) is removed.",
    ),
    "s2_l2a": Dataset(
        "COPERNICUS/S2_SR_HARMONIZED",
        "image collection",
        tuple(band for band in _S2_BANDS if band.name != "B10"),
        10.0,
        date(2017, 3, 28),
        None,
        "Copernicus Sentinel-2 data, European Space Agency",
        _COPERNICUS,
        "Surface reflectance; no B10; not global before the end of 2018.",
    ),
    "cloud_score": Dataset(
        "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED",
        "image collection",
        (
            Band("cs", "0..1", "likeness to a clear reference, higher is clearer"),
            Band("cs_cdf", "0..1", "likelihood of being clear, higher is clearer"),
        ),
        10.0,
        date(2015, 6, 27),
        None,
        "Pasquarella et al., Comprehensive quality assessment of optical satellite imagery using weakly "
        "supervised video learning, CVPR Workshops 2023, 2125-2135",
        "CC-BY 4.0",
        "Linked to Sentinel-2 by `system:index`; scenes without a score exist.",
    ),
    "jrc_water": Dataset(
        "JRC/GSW1_4/GlobalSurfaceWater",
        "image",
        (
            Band("occurrence", "%", "share of observations with water; masked where never water"),
            Band("recurrence", "%", "share of years in which water returns"),
            Band("seasonality", "months", "months of 2021 with water"),
            Band("max_extent", "0 or 1", "ever water; masked where there is no data"),
        ),
        30.0,
        date(1984, 3, 16),
        date(2022, 1, 1),
        "Pekel, Cottam, Gorelick, Belward, High-resolution mapping of global surface water and its long-term "
        "changes, Nature 540 (2016), 418-422",
        "Free without restriction; attribution: EC JRC/Google",
        "`max_extent` tells never water from no data.",
    ),
    "merit_hydro": Dataset(
        "MERIT/Hydro/v1_0_1",
        "image",
        (
            Band("hnd", "m", "height above nearest drainage"),
            Band("elv", "m", "adjusted height"),
        ),
        92.77,
        date(1987, 1, 1),
        date(2017, 1, 1),
        "Yamazaki et al., MERIT Hydro: a high-resolution global hydrography map, Water Resources Research 55 "
        "(2019), 5053-5073",
        "CC-BY-NC 4.0 or ODbL 1.0",
        "Three seconds of arc: about 90 m; permanent water bodies are part of the drainage.",
    ),
    "glo30": Dataset(
        "COPERNICUS/DEM/GLO30_2024_1",
        "image collection",
        _HEIGHT,
        30.0,
        date(2010, 12, 1),
        date(2015, 1, 31),
        _GLO30_CITATION,
        _GLO30_LICENCE,
        "Tiles in degrees: a mosaic needs `setDefaultProjection` before slope.",
        predecessor="COPERNICUS/DEM/GLO30",
    ),
    "glo30_2021": Dataset(
        "COPERNICUS/DEM/GLO30",
        "image collection",
        _HEIGHT,
        30.0,
        date(2010, 12, 1),
        date(2015, 1, 31),
        _GLO30_CITATION,
        _GLO30_LICENCE,
        "The id before the release of 2024; still served.",
    ),
    "worldcover": Dataset(
        "ESA/WorldCover/v200",
        "image collection",
        (Band("Map", "code", "10 trees, 20 shrubs, 30 grass, 40 crops, 50 built-up, 60 bare, 70 snow, "
              "80 water, 90 wetland, 95 mangroves, 100 moss"),),
        10.0,
        date(2021, 1, 1),
        date(2022, 1, 1),
        "Zanaga et al., ESA WorldCover 10 m 2021 v200 (2022), doi 10.5281/zenodo.7254221",
        "CC-BY 4.0",
        "One image of the year 2021 in a collection.",
    ),
    "population": Dataset(
        "JRC/GHSL/P2023A/GHS_POP",
        "image collection",
        (Band("population_count", "people per 100 m cell", "residents"),),
        100.0,
        date(1975, 1, 1),
        date(2030, 12, 31),
        "Schiavina, Freire, Carioli, MacManus, GHS-POP R2023A, European Commission JRC (2023)",
        "Free with attribution: European Commission, Joint Research Centre",
        "Counts, not densities: sum at the native grid. No data is negative.",
    ),
    "global_flood_database": Dataset(
        "GLOBAL_FLOOD_DB/MODIS_EVENTS/V1",
        "image collection",
        (Band("flooded", "0 or 1", "water during the event, permanent water included"),),
        250.0,
        date(2000, 2, 17),
        date(2018, 12, 10),
        "Tellman et al., Satellite imaging reveals increased proportion of population exposed to floods, "
        "Nature 596 (2021), 80-86",
        "CC-BY-NC 4.0",
        "913 events; dates and Dartmouth ids are properties.",
    ),
}  # fmt: skip
"""By the short name that the code uses."""
