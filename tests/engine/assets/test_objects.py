from __future__ import annotations

from pathlib import Path

import ee
import numpy as np
import pytest
import rasterio
from affine import Affine

from ee_floods.engine.assets.library import CompositeLibrary
from ee_floods.engine.assets.objects import GeoTiffObjects
from ee_floods.engine.errors import EngineError
from ee_floods.engine.evaluator import Evaluator
from ee_floods.engine.limits import Limits
from ee_floods.engine.state.database import Database
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.storage.store import ObjectStore
from tests.engine.memory_library import UTM, Bench

VALUES = np.random.default_rng(5).integers(-9, 9, (2, 64, 64)).astype(np.int16)


@pytest.fixture
def over_buckets(bench: Bench, tmp_path: Path) -> Bench:
    """A bench over a bucket with a GeoTIFF, a text, and a TIFF without a CRS."""
    folder = StateFolder(tmp_path / "state")
    folder.create()
    store = ObjectStore(Database(folder.database), folder)
    store.create_bucket("bkt")
    for name, crs in (("in/a.tif", UTM.crs), ("plain.tif", None)):
        staged = folder.staging / name.replace("/", "-")
        with rasterio.open(
            staged, "w", "GTiff", 64, 64, 2, crs, Affine(*UTM.transform), "int16", nodata=3
        ) as file:
            file.write(VALUES)
        store.put("bkt", name, staged, metadata={"simulated": "true"} if crs else None)
    text = folder.staging / "text"
    text.write_text("no raster")
    store.put("bkt", "text.tif", text)
    bench.evaluator = Evaluator(CompositeLibrary([GeoTiffObjects(store)]), Limits())
    return bench


def test_a_geotiff_in_a_bucket_has_its_pixels_mask_and_projection(over_buckets: Bench) -> None:
    image = ee.Image.loadGeoTIFF("gs://bkt/in/a.tif")
    found = over_buckets.pixels(image)
    np.testing.assert_array_equal(np.ma.getmaskarray(found[1]), VALUES[1] == 3)
    np.testing.assert_array_equal(found[1].filled(3), VALUES[1])
    assert over_buckets.value(image.bandNames()) == ["B0", "B1"]
    assert over_buckets.value(image.projection())["transform"] == list(UTM.transform)
    assert over_buckets.value(image.geometry().area(1, UTM.crs)) == pytest.approx(640**2, rel=1e-3)


def test_an_object_made_of_simulated_data_stays_marked(over_buckets: Bench) -> None:
    answer = over_buckets.evaluator.value(over_buckets.encode(ee.Image.loadGeoTIFF("gs://bkt/in/a.tif")))
    assert [(use.id, use.simulated) for use in answer.assets] == [("gs://bkt/in/a.tif", True)]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("gs://bkt/absent.tif", "Image.loadGeoTIFF: Failed to load the GeoTIFF at `gs://bkt/absent.tif`"),
        ("gs://none/in/a.tif", "no such object"),
        ("gs://bkt/text.tif", "not a GeoTIFF"),
        ("gs://bkt/plain.tif", "no projection"),
        ("https://bkt/in/a.tif", "must start with 'gs://'"),
        ("/etc/hostname", "must start with 'gs://'"),
        ("gs://bkt", "Invalid Cloud Storage URI"),
    ],
)
def test_what_is_no_geotiff_in_a_bucket_is_refused_by_name(
    over_buckets: Bench, uri: str, message: str
) -> None:
    with pytest.raises(EngineError) as failure:
        over_buckets.value(ee.Image.loadGeoTIFF(uri).bandNames())
    assert message in failure.value.message


def test_a_uri_is_no_asset_id(over_buckets: Bench) -> None:
    with pytest.raises(EngineError, match=r"Image asset 'gs://bkt/in/a.tif' not found"):
        over_buckets.value(ee.Image("gs://bkt/in/a.tif").bandNames())
