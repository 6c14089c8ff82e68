"""geemap 0.37 without a browser: layers, arrays, exports, downloads, statistics and pictures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import rasterio
import requests

from tests.engine.server.images import GRID, MOUNT, classes, radar, write

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*STAC.*"),
]
GRID_10M = {"crs": GRID["crs"], "crs_transform": list(GRID["crsTransform"])}
BOXES = {"a": (500_000, 2_999_700, 500_300, 3_000_000), "b": (500_300, 2_999_400, 500_900, 2_999_900)}


@pytest.fixture
def geemap(client: Any) -> Any:
    import geemap

    return geemap


@pytest.fixture
def region(client: Any) -> Any:
    """The outline of the mounted images."""
    return client.Geometry.Rectangle([500_000, 2_999_360, 500_960, 3_000_000], GRID["crs"], geodesic=False)


@pytest.fixture
def zones(client: Any) -> Any:
    features = [
        client.Feature(client.Geometry.Rectangle(list(box), GRID["crs"], geodesic=False), {"zone": name})
        for name, box in BOXES.items()
    ]
    return client.FeatureCollection(features)


def window(name: str) -> tuple[slice, slice]:
    """Return the rows and columns of a zone; its edges lie on edges of pixels."""
    west, south, east, north = BOXES[name]
    return (
        slice((3_000_000 - north) // 10, (3_000_000 - south) // 10),
        slice((west - 500_000) // 10, (east - 500_000) // 10),
    )


def stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((values.astype(np.float64) - low) / (high - low) * 255, 0, 255)


def tile_truth(path: Path, zoom: int, x: int, y: int) -> np.ndarray:
    """Return `VH` as GDAL warps it to a tile of the web map, NaN outside."""
    from affine import Affine
    from rasterio.warp import Resampling, reproject

    half = 20037508.342789244
    size = 2 * half / 2**zoom
    out = np.full((256, 256), np.nan, np.float32)
    with rasterio.open(path) as dataset:
        reproject(
            dataset.read(2), out, src_transform=dataset.transform, src_crs=dataset.crs,
            dst_transform=Affine(size / 256, 0, x * size - half, 0, -size / 256, half - y * size),
            dst_crs="EPSG:3857", src_nodata=np.nan, dst_nodata=np.nan, resampling=Resampling.nearest,
        )  # fmt: skip
    return out


def test_layer_of_a_map_is_the_file_in_the_web_projection(client: Any, geemap: Any, tmp_path: Path) -> None:
    shown = geemap.Map()
    shown.addLayer(client.Image(f"{MOUNT}/radar"), {"bands": ["VH"], "min": -30, "max": 0}, "radar")
    address = next(layer.url for layer in shown.layers if layer.name == "radar")
    zoom, x, y = 16, 45_329, 27_635  # 611 m a side, about 69.0045 E 27.1195 N
    answer = requests.get(address.format(x=x, y=y, z=zoom), timeout=60)
    with rasterio.open(io.BytesIO(answer.content)) as dataset:
        found = dataset.read()
    expected = tile_truth(write(tmp_path / "radar.tif", radar()), zoom, x, y)
    inside = np.isfinite(expected)
    assert inside.mean() > 0.1
    if found.shape[0] in (2, 4):
        assert ((found[-1] > 0) == inside).mean() > 0.998
        sharp = 1.0  # PNG: the rounding of a byte
    else:
        assert inside.all()
        sharp = 12.0  # JPEG
    close = np.abs(found[0][inside] - stretched(expected[inside], -30, 0)) <= sharp
    assert close.mean() > 0.998


def test_layers_of_collections_and_tables_are_drawn(client: Any, geemap: Any, zones: Any) -> None:
    shown = geemap.Map()
    series = client.ImageCollection(f"{MOUNT}/series")
    shown.addLayer(series, {"min": 0, "max": 4}, "series")
    shown.addLayer(zones.style(color="ff0000", fillColor="00ff00"), {}, "zones")
    layers = {layer.name: layer.url for layer in shown.layers}
    pictures = {}
    for name in ("series", "zones"):
        answer = requests.get(layers[name].format(x=90_658, y=55_270, z=17), timeout=60)
        assert answer.headers["content-type"] == "image/png", answer.text[:200]
        with rasterio.open(io.BytesIO(answer.content)) as dataset:
            pictures[name] = dataset.read()
    drawn = pictures["series"][:, pictures["series"][-1] > 0]
    assert np.unique(drawn[0]).tolist() == [128]  # the mosaic shows the last image, 2 of 0..4
    colours = pictures["zones"][:3, pictures["zones"][3] == 255]
    assert {tuple(colour) for colour in colours.T.tolist()} >= {(0, 255, 0), (255, 0, 0)}


def test_image_becomes_an_array(client: Any, geemap: Any, region: Any) -> None:
    image = client.Image(f"{MOUNT}/radar").unmask(-99)
    found = geemap.ee_to_numpy(image, region=region, scale=10)
    expected = np.nan_to_num(radar(), nan=-99)
    np.testing.assert_array_equal(np.moveaxis(found, -1, 0)[:, :64, :96], expected)


def test_dataset_of_this_geemap_needs_an_older_xee(client: Any, geemap: Any) -> None:
    """`ee_to_xarray` 0.37 passes `scale` on, which Xee 0.1 has not any more: no server can help."""
    with pytest.raises(TypeError, match="scale"):
        geemap.ee_to_xarray(client.ImageCollection(f"{MOUNT}/series"), ee_initialize=False)


def test_image_is_downloaded_at_once_and_in_tiles(
    client: Any, geemap: Any, region: Any, tmp_path: Path
) -> None:
    image = client.Image(f"{MOUNT}/radar").unmask(-99)
    expected = np.nan_to_num(radar(), nan=-99)
    at_once, in_tiles = tmp_path / "once.tif", tmp_path / "tiles.tif"
    geemap.ee_export_image(image, str(at_once), region=region, **GRID_10M, verbose=False)
    geemap.download_ee_image(image, str(in_tiles), shape=(64, 96), max_tile_dim=40, **GRID_10M)
    with rasterio.open(at_once) as dataset:
        np.testing.assert_array_equal(dataset.read(), expected)
    with rasterio.open(in_tiles) as dataset:
        assert tuple(dataset.transform)[:6] == tuple(GRID["crsTransform"])
        np.testing.assert_array_equal(dataset.read()[:2], expected)


def test_collection_is_downloaded_image_by_image(client: Any, geemap: Any, tmp_path: Path) -> None:
    collection = client.ImageCollection(f"{MOUNT}/series")
    geemap.download_ee_image_collection(collection, str(tmp_path), shape=(8, 8), **GRID_10M)
    found = {}
    for path in sorted(tmp_path.glob("*.tif")):
        with rasterio.open(path) as dataset:
            found[path.stem] = np.unique(dataset.read(1)).tolist()
    assert found == {"im0": [0], "im1": [1], "im2": [2]}


def test_exports_to_bucket_drive_and_asset_hold_the_pixels(
    client: Any,
    geemap: Any,
    region: Any,
    bucket: Any,
    finished: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> None:
    image = client.Image(f"{MOUNT}/radar")
    options: dict[str, Any] = {"region": region, "scale": 10, "crs": GRID["crs"]}
    target = "projects/local/assets/geemap"
    geemap.ee_export_image_to_cloud_storage(
        image, description="gm-bucket", bucket="local", fileNamePrefix="gm/image", **options
    )
    geemap.ee_export_image_to_drive(image, description="gm-drive", folder="gm", **options)
    geemap.ee_export_image_to_asset(image, description="gm-asset", assetId=target, **options)
    for operation in client.data.listOperations():
        if str(operation["metadata"]["description"]).startswith("gm-"):
            assert finished(operation["name"])["metadata"]["state"] == "SUCCEEDED"
    for name, blob in (
        ("bucket", bucket.blob("gm/image.tif")),
        ("drive", bucket.client.bucket("drive").blob("gm/gm-drive.tif")),
    ):
        path = tmp_path / f"{name}.tif"
        blob.download_to_filename(str(path))
        with rasterio.open(path) as dataset:
            np.testing.assert_array_equal(dataset.read(), radar())
    stored = client.data.getPixels({"assetId": target, "fileFormat": "NUMPY_NDARRAY"})
    np.testing.assert_array_equal(stored["VH"], radar()[1])
    client.data.deleteAsset(target)


@pytest.mark.parametrize("statistic", ["MEAN", "MAXIMUM", "MEDIAN", "SUM"])
def test_zonal_statistics_are_those_of_pandas(
    client: Any, geemap: Any, zones: Any, tmp_path: Path, statistic: str
) -> None:
    path = tmp_path / "zones.csv"
    geemap.zonal_stats(
        client.Image(f"{MOUNT}/radar"), zones, str(path), stat_type=statistic, scale=10,
        crs=GRID["crs"], verbose=False,
    )  # fmt: skip
    found = pandas.read_csv(path).set_index("zone")
    name = {"MAXIMUM": "max"}.get(statistic, statistic.lower())
    for zone in BOXES:
        for band, values in zip(("VV", "VH"), radar(), strict=True):
            series = pandas.Series(values[window(zone)].ravel().astype(np.float64))
            # A median of more values than the reducer keeps comes from a histogram.
            tolerance = 0.05 if statistic == "MEDIAN" else 1e-9
            assert found.loc[zone, band] == pytest.approx(getattr(series, name)(), rel=1e-9, abs=tolerance)


def test_areas_of_classes_are_those_of_pandas(client: Any, geemap: Any, zones: Any, tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    geemap.zonal_stats_by_group(
        client.Image(f"{MOUNT}/classes"), zones, str(path), stat_type="PERCENTAGE", decimal_places=4,
        scale=10, crs=GRID["crs"], verbose=False,
    )  # fmt: skip
    found = pandas.read_csv(path).set_index("zone")
    for zone in BOXES:
        values = pandas.Series(classes()[0][window(zone)].ravel())
        shares = values[values != 255].value_counts(normalize=True)
        for number in range(3):
            # geemap leaves the CRS out, so the service counts in degrees: pixels at the edges move.
            assert found.loc[zone, f"Class_{number}"] == pytest.approx(shares[number], abs=4e-3)


def test_statistics_of_an_image_are_those_of_numpy(client: Any, geemap: Any, region: Any) -> None:
    found = geemap.image_stats(client.Image(f"{MOUNT}/radar"), region=region, scale=10).getInfo()
    values = radar()[0][np.isfinite(radar()[0])].astype(np.float64)
    assert found["min"]["VV"] == values.min()
    assert found["max"]["VV"] == values.max()
    assert found["mean"]["VV"] == pytest.approx(values.mean())
    assert found["std"]["VV"] == pytest.approx(values.std())
    assert found["sum"]["VV"] == pytest.approx(values.sum())


def test_vector_style_draws_each_class_in_its_colour(client: Any, geemap: Any, zones: Any) -> None:
    styled = geemap.ee_vector_style(
        zones, column="zone", labels=["a", "b"], color=["ff0000", "0000ff"], width=0
    )
    grid = {
        "crsCode": GRID["crs"],
        "affineTransform": {"scaleX": 10, "translateX": 500_000, "scaleY": -10, "translateY": 3_000_000},
        "dimensions": {"width": 96, "height": 64},
    }
    found = client.data.computePixels({"expression": styled, "fileFormat": "NUMPY_NDARRAY", "grid": grid})
    inside = {
        name: (found[window(name)]["vis-red"][5, 5], found[window(name)]["vis-blue"][5, 5]) for name in BOXES
    }
    assert inside["a"][0] > inside["a"][1] and inside["b"][1] > inside["b"][0]


def test_thumbnail_is_a_picture_of_the_file(client: Any, geemap: Any, region: Any, tmp_path: Path) -> None:
    from skimage.io import imread

    path = tmp_path / "thumb.png"
    shown = client.Image(f"{MOUNT}/radar").select("VH")
    geemap.get_image_thumbnail(
        shown, str(path), {"min": -30, "max": 0}, dimensions="96x64", region=region, format="png",
        crs=GRID["crs"],
    )  # fmt: skip
    found = imread(path)
    assert found.shape[:2] == (64, 96)
    close = np.abs(found[..., 0].astype(float) - stretched(radar()[1], -30, 0)) <= 1
    assert close.mean() > 0.99


def test_table_becomes_a_data_frame_with_its_geometries(client: Any, geemap: Any, zones: Any) -> None:
    found = geemap.ee_to_df(zones, remove_geom=False, sort_columns=True)
    assert sorted(found.columns) == ["geo", "zone"]
    assert found["zone"].tolist() == list(BOXES)
    assert geemap.ee_to_df(zones, columns=["zone"])["zone"].tolist() == list(BOXES)


def test_data_frame_without_geometries_needs_an_older_pandas(client: Any, geemap: Any, zones: Any) -> None:
    """`ee_to_df` 0.37 drops `geo` by `columns` and `axis`, which pandas 3 refuses: no server can help."""
    with pytest.raises(ValueError, match="both 'axis' and 'index'/'columns'"):
        geemap.ee_to_df(zones)


def test_table_becomes_a_geodataframe(client: Any, geemap: Any) -> None:
    points = {"a": (69.5, 27.25), "b": (70.0, 28.5)}
    features = [client.Feature(client.Geometry.Point(at), {"zone": name}) for name, at in points.items()]
    found = geemap.ee_to_gdf(client.FeatureCollection(features))
    assert found.crs == "EPSG:4326"
    assert found["zone"].tolist() == list(points)
    assert [(point.x, point.y) for point in found.geometry] == list(points.values())


def test_table_becomes_a_data_frame_by_way_of_a_file(
    client: Any, geemap: Any, zones: Any, tmp_path: Path
) -> None:
    path = tmp_path / "zones.csv"
    geemap.ee_export_vector(zones, str(path), selectors=["zone"], verbose=False)
    assert pandas.read_csv(path)["zone"].tolist() == list(BOXES)
    geojson = tmp_path / "zones.geojson"
    geemap.ee_export_geojson(zones, str(geojson))
    features = json.loads(geojson.read_text())["features"]
    assert [item["properties"]["zone"] for item in features] == list(BOXES)
