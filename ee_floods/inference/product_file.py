"""The flood product as a file: a cloud-optimised GeoTIFF that is written whole or not at all.

Three decisions, and why:

* **One nodata value.** GeoTIFF has one for the whole file. It is 255, which QGIS, rasterio and Earth Engine's
  import then all take as "no data" in `flood` and `water_probability`. The contract gives `exclusion` none,
  so a product never holds 255 there (`FloodRaster` refuses it) and no reader can lose one of its pixels.
* **No colour table and no RGB.** A TIFF colour table needs a file of one band; bands are marked grey and
  undefined, so that no viewer shows three measurements as a colour photograph. Class values, names and
  colours stand in the tags of band 1.
* **Overviews are made here** (`overviews`), because GDAL would use one resampling method for all bands.

The same product gives the same bytes: no time and no path is written.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

from ee_floods.contracts.product import (
    BAND_NAMES,
    CLASSES,
    EXCLUSION_LABELS,
    OVERVIEW_RESAMPLING,
    ProductProperties,
)
from ee_floods.errors import CorruptFileError, InputError
from ee_floods.grid import Grid
from ee_floods.inference.overviews import coarsened, overview_factors
from ee_floods.inference.raster import NO_DATA, FloodRaster

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BLOCK", "PROPERTIES_TAG", "read_product", "write_product"]

PROPERTIES_TAG = "EE_FLOODS"
"""GeoTIFF tag that holds `ProductProperties` as JSON."""

BLOCK = 512
"""Side of the internal tiles in pixels: the COG driver's own default; a tile compresses to some 20 kB, one
range request."""


def write_product(path: Path, raster: FloodRaster) -> Path:
    """Write a product as a cloud-optimised GeoTIFF and return its path.

    Args:
        path: Where to; an existing file is replaced once the new one is complete.
        raster: The product.

    Raises:
        InputError: If the folder of `path` does not exist.
    """
    from rasterio.shutil import copy as copy_dataset

    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(
            f"There is no folder {path.parent} to write {path.name} to.", remedy="Make it first: `mkdir -p`."
        )
    # In the target's folder, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        work = Path(folder)
        factors = overview_factors(raster.grid.shape, BLOCK)
        levels = [_write_level(work / f"{factor}.tif", coarsened(raster, factor)) for factor in (1, *factors)]
        source = work / "product.vrt"
        source.write_text(_vrt(raster, levels), encoding="utf-8")
        done = work / "product.tif"
        copy_dataset(
            str(source),
            str(done),
            driver="COG",
            BLOCKSIZE=BLOCK,
            COMPRESS="DEFLATE",
            # Levels of `source` are taken as they are; see the module's text.
            OVERVIEWS="FORCE_USE_EXISTING" if factors else "NONE",
            BIGTIFF="IF_SAFER",
            NUM_THREADS=1,
        )
        done.replace(path)
    return path


def read_product(path: Path) -> FloodRaster:
    """Read a product.

    Args:
        path: A file that `write_product` made.

    Raises:
        InputError: If there is no such file.
        CorruptFileError: If it is cut short, is no flood product, or its bands are others.
        FormatVersionError: If it is of another major version.
    """
    import rasterio
    from rasterio.errors import RasterioError

    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no file {path}.", remedy="Give a flood product that `predict` wrote.")
    try:
        with rasterio.open(path) as dataset:
            text = dataset.tags().get(PROPERTIES_TAG)
            if text is None:
                raise CorruptFileError(
                    f"{path} is no flood product: it has no tag {PROPERTIES_TAG}.",
                    remedy="Give a file that `ee-floods predict` wrote; other programs may drop the tag.",
                )
            properties = ProductProperties.from_json(text, str(path))
            _check_bands(dataset, path)
            grid = _grid(dataset, path)
            bands = {name: dataset.read(index) for index, name in enumerate(BAND_NAMES, start=1)}
    except RasterioError as error:
        raise CorruptFileError(
            f"{path} cannot be read: {error}.", remedy="Copy it again, or write the product again."
        ) from error
    return FloodRaster(grid=grid, properties=properties, **bands)


def _check_bands(dataset: Any, path: Path) -> None:
    if dataset.descriptions != BAND_NAMES or set(dataset.dtypes) != {"uint8"}:
        raise CorruptFileError(
            f"{path} has the bands {dataset.descriptions} of {dataset.dtypes}; a flood product has "
            f"{BAND_NAMES} of uint8.",
            remedy="Write the product again.",
        )


def _grid(dataset: Any, path: Path) -> Grid:
    if dataset.crs is None:
        raise CorruptFileError(
            f"{path} has lost its coordinate reference system.", remedy="Write the product again."
        )
    code = dataset.crs.to_epsg()
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    crs = f"EPSG:{code}" if code else dataset.crs.to_wkt()
    return Grid(crs, (a, b, c, d, e, f), (dataset.height, dataset.width))


def _write_level(path: Path, raster: FloodRaster) -> Path:
    import rasterio
    from affine import Affine

    bands: NDArray[np.uint8] = np.stack(list(raster.bands.values()))  # (3, H, W)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype="uint8",
        count=len(BAND_NAMES),
        height=raster.grid.height,
        width=raster.grid.width,
        crs=raster.grid.crs,
        transform=Affine(*raster.grid.transform),
        nodata=NO_DATA,
        photometric="MINISBLACK",
        tiled=True,
        compress="LZW",
        bigtiff="IF_SAFER",
    ) as dataset:
        dataset.write(bands)
    return path


def _vrt(raster: FloodRaster, levels: list[Path]) -> str:
    """A virtual raster over the base file whose bands name their own overviews, with all tags."""
    import rasterio

    grid = raster.grid
    a, b, c, d, e, f = grid.transform
    properties = raster.properties
    title = f"{properties.event}: flood map by {properties.model}, {properties.validation}"
    tags = {
        PROPERTIES_TAG: json.dumps(properties.model_dump(mode="json", by_alias=True), sort_keys=True),
        "SIMULATED": "true" if properties.simulated else "false",
        "TIFFTAG_IMAGEDESCRIPTION": title,
    }
    band_tags: dict[str, dict[str, str]] = {
        "flood": {
            "CLASSES": json.dumps({int(spec.value): [spec.label, spec.colour] for spec in CLASSES}),
        },
        "water_probability": {"UNIT": "%"},
        "exclusion": {"BITS": json.dumps({int(flag): label for flag, label in EXCLUSION_LABELS.items()})},
    }
    wkt = rasterio.crs.CRS.from_user_input(grid.crs).to_wkt()
    parts = [
        f'<VRTDataset rasterXSize="{grid.width}" rasterYSize="{grid.height}">',
        f"<SRS>{escape(wkt)}</SRS>",
        f"<GeoTransform>{c!r}, {a!r}, {b!r}, {f!r}, {d!r}, {e!r}</GeoTransform>",
        _metadata(tags),
    ]
    for index, name in enumerate(BAND_NAMES, start=1):
        parts += [
            f'<VRTRasterBand dataType="Byte" band="{index}">',
            _metadata(band_tags[name] | {"OVERVIEW_RESAMPLING": OVERVIEW_RESAMPLING[name]}),
            f"<Description>{name}</Description>",
            f"<NoDataValue>{NO_DATA}</NoDataValue>",
            f"<ColorInterp>{'Gray' if index == 1 else 'Undefined'}</ColorInterp>",
        ]
        for place, level in enumerate(levels):
            tag = "SimpleSource" if place == 0 else "Overview"
            parts.append(
                f'<{tag}><SourceFilename relativeToVRT="1">{level.name}</SourceFilename>'
                f"<SourceBand>{index}</SourceBand></{tag}>"
            )
        parts.append("</VRTRasterBand>")
    return "\n".join([*parts, "</VRTDataset>"])


def _metadata(tags: dict[str, str]) -> str:
    items = (f'<MDI key="{key}">{escape(value)}</MDI>' for key, value in sorted(tags.items()))
    return f"<Metadata>{''.join(items)}</Metadata>"
