"""Every method's graph, evaluated by the engine, against SciPy, scikit-image or NumPy on the same pixels."""

import numpy as np
import pytest
from scipy.ndimage import generic_filter
from skimage.filters import threshold_otsu
from skimage.morphology import dilation, erosion, footprint_rectangle

from ee_floods.grid import Grid
from tests.conftest import STORED_GRID, STORED_ID, stored_bands
from tests.pixels import read_one, read_pixels

pytestmark = pytest.mark.usefixtures("engine_session")

GRID_16M = Grid(
    STORED_GRID.crs, (16.0, *STORED_GRID.transform[1:4], -16.0, STORED_GRID.transform[5]), (40, 60)
)
"""The stored image's ground in pixels of 16 m: 64 x 96 of 10 m are exactly 40 x 60 of these."""


@pytest.fixture
def stored():
    import ee

    return ee.Image(STORED_ID)


@pytest.fixture(scope="module")
def bands():
    return {name: values.astype(np.float64) for name, values in stored_bands().items()}


def cut_mean(values, fine=5, side=8):
    """The mean over 16 m pixels of 10 m pixels cut into 2 m: independent of how areas are weighed."""
    small = np.kron(values, np.ones((fine, fine)))
    rows, cols = small.shape[0] // side, small.shape[1] // side
    with np.errstate(invalid="ignore"):
        blocks = small.reshape(rows, side, cols, side)
        valid = np.isfinite(blocks)
        return np.where(valid, blocks, 0).sum((1, 3)) / valid.sum((1, 3))


def test_decibel_and_back(stored, bands):
    from ee_floods.methods.decibel import db_to_power_image, power_to_db_image

    power = read_pixels(db_to_power_image(stored), STORED_GRID)
    for name, values in bands.items():
        np.testing.assert_allclose(power[name], 10 ** (values / 10), rtol=1e-6)
    again = read_pixels(power_to_db_image(db_to_power_image(stored)), STORED_GRID)
    np.testing.assert_allclose(again["VV"], bands["VV"], atol=1e-5)


def test_power_of_zero_is_masked(stored):
    from ee_floods.methods.decibel import power_to_db_image

    assert np.isnan(read_one(power_to_db_image(stored.select("VV").multiply(0)), STORED_GRID)).all()


def test_power_is_averaged_by_area_at_16_m(stored, bands):
    from ee_floods.methods.coarsen import mean_power_image

    result = read_pixels(mean_power_image(stored, 1.6), GRID_16M)
    for name, values in bands.items():
        expected = 10 * np.log10(cut_mean(10 ** (values / 10)))
        np.testing.assert_allclose(result[name], expected, atol=1e-4)


def test_majority_of_valid_pixels_at_16_m(stored, bands):
    from ee_floods.methods.coarsen import majority_image

    label = stored.select("VV").gt(-20).add(stored.select("VH").gt(-26)).subtract(1).rename("label")
    values = (bands["VV"] > -20).astype(float) + (bands["VH"] > -26) - 1
    values[np.isnan(bands["VV"]) | np.isnan(bands["VH"])] = np.nan
    known = np.isfinite(values)
    water = cut_mean(np.where(known, values == 1, np.nan))
    dry = cut_mean(np.where(known, values == 0, np.nan))
    expected = np.where(np.isclose(water, dry, atol=1e-6), -1, np.where(water > dry, 1.0, 0.0))
    expected[np.isnan(water)] = np.nan
    np.testing.assert_array_equal(read_one(majority_image(label, 1.6), GRID_16M), expected)


def test_boxcar_and_median(stored, bands):
    from ee_floods.methods.speckle import boxcar_image, median_image

    vv = bands["VV"]
    edge = {"mode": "constant", "cval": np.nan}
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
        mean = 10 * np.log10(generic_filter(10 ** (vv / 10), np.nanmean, size=5, **edge))
        middle = generic_filter(vv, np.nanmedian, size=3, **edge)
    for image, expected in ((boxcar_image(stored, 5), mean), (median_image(stored, 3), middle)):
        result = read_pixels(image, STORED_GRID)["VV"]
        inside = np.isfinite(vv)
        np.testing.assert_allclose(result[inside], expected[inside], atol=2e-3)
        assert np.isnan(result[~inside]).all()


def test_histogram_counts_every_pixel_once_and_gives_otsus_threshold(stored, bands):
    from ee_floods.methods.otsu import histogram_graph, read_histogram, threshold_of_histogram

    counts = read_histogram(histogram_graph(stored.select("VH"), STORED_GRID).getInfo())
    vh = bands["VH"][np.isfinite(bands["VH"])]
    expected, edges = np.histogram(vh[vh < 10], bins=600, range=(-50, 10))
    np.testing.assert_array_equal(counts, expected)
    filled = slice(*np.flatnonzero(counts)[[0, -1]] + [0, 1])
    centre = threshold_otsu(hist=(counts[filled], (edges[:-1] + edges[1:])[filled] / 2))
    assert threshold_of_histogram(counts) == pytest.approx(centre + 0.05)


def test_histogram_of_a_region_without_pixels_is_empty(stored):
    from ee_floods.methods.otsu import histogram_graph, read_histogram

    nothing = stored.select("VH").updateMask(0)
    assert read_histogram(histogram_graph(nothing, STORED_GRID).getInfo()).sum() == 0


def test_border_noise_goes_at_the_edge_of_the_swath_only(stored, bands):
    import ee

    from ee_floods.methods.border import without_border_noise_image

    angle = (
        ee.Image.pixelCoordinates(ee.Projection("EPSG:32633"))
        .select("x")
        .subtract(500_000)
        .divide(60)
        .add(30)
    )
    scene = stored.addBands(stored.select("VV").subtract(12), None, True).addBands(angle.rename("angle"))
    result = read_pixels(without_border_noise_image(scene), STORED_GRID)["VV"]
    x = np.arange(STORED_GRID.width) * 10 + 5
    degrees = np.broadcast_to(x / 60 + 30, STORED_GRID.shape)
    vv = bands["VV"] - 12
    gone = (vv < -35) & ((degrees < 30.63993) | (degrees > 45.23993))
    assert gone.any() and ((vv < -35) & ~gone).any()
    np.testing.assert_allclose(result, np.where(gone, np.nan, vv), atol=1e-5)


def test_indices_and_the_weak_label(stored, bands):
    import ee

    from ee_floods.methods.indices import index_image, weak_label_image

    vv, vh = bands["VV"], bands["VH"]
    recipe = {
        "B2": (9, 4, 900),
        "B3": (11, -3, 900),
        "B4": (-7, 2, 900),
        "B8": (3, 13, 900),
        "B11": (-2, 9, 1030),
        "B12": (5, 5, 900),
    }
    values = {name: c + a * vv + b * vh for name, (a, b, c) in recipe.items()}
    layers = [
        stored.select("VV").multiply(a).add(stored.select("VH").multiply(b)).add(c).rename(name)
        for name, (a, b, c) in recipe.items()
    ]
    image = ee.Image.cat(layers)
    b = values
    expected = {
        "ndwi": (b["B3"] - b["B8"]) / (b["B3"] + b["B8"]),
        "mndwi": (b["B3"] - b["B11"]) / (b["B3"] + b["B11"]),
        "ndvi": (b["B8"] - b["B4"]) / (b["B8"] + b["B4"]),
        "awei_nsh": 4 * (b["B3"] - b["B11"]) - (0.25 * b["B8"] + 2.75 * b["B12"]),
        "awei_sh": b["B2"] + 2.5 * b["B3"] - 1.5 * (b["B8"] + b["B11"]) - 0.25 * b["B12"],
    }
    result = read_pixels(ee.Image.cat([index_image(name, image) for name in expected]), STORED_GRID)
    for name, wanted in expected.items():
        np.testing.assert_allclose(result[name], wanted, rtol=1e-4, atol=1e-4)
    score = stored.select("VV").add(25).divide(14)
    label = read_one(weak_label_image(image, score), STORED_GRID)
    water = (expected["mndwi"] > 0) & (expected["mndwi"] > expected["ndvi"])
    wanted = np.where((vv + 25) / 14 >= 0.6, water, -1).astype(float)
    wanted[np.isnan(vv) | np.isnan(vh)] = np.nan
    np.testing.assert_array_equal(label, wanted)
    assert set(np.unique(wanted[np.isfinite(wanted)])) == {-1, 0, 1}


def test_a_fully_masked_score_makes_the_weak_label_invalid_and_not_masked(stored):
    from ee_floods.methods.indices import weak_label_image

    image = stored.select(["VV", "VV", "VV", "VV"], ["B3", "B4", "B8", "B11"]).add(100)
    label = read_one(weak_label_image(image, stored.select("VV").updateMask(0)), STORED_GRID)
    seen = np.isfinite(stored_bands()["VV"])
    assert (label[seen] == -1).all() and np.isnan(label[~seen]).all()


def test_cloud_counts_are_sums_over_the_region(stored, bands):
    import ee

    from ee_floods.methods.clouds import cloud_counts_graph

    left, bottom, right, top = STORED_GRID.bounds
    region = ee.Geometry.Rectangle([left, bottom, right, top], STORED_GRID.crs, False)
    score = stored.select("VH").add(30).divide(12)
    counts = cloud_counts_graph(stored.select("VV"), score, region, 10).getInfo()
    observed, scored = np.isfinite(bands["VV"]), np.isfinite(bands["VH"])
    clear = observed & scored & ((bands["VH"] + 30) / 12 >= 0.6)
    expected = {"observed": observed.sum(), "scored": (observed & scored).sum(), "clear": clear.sum()}
    for name, wanted in expected.items():
        # `scale` snaps to the origin of the CRS of the band, so that edges stay whole pixels.
        assert counts[name] == pytest.approx(float(wanted), rel=2e-3), name


def test_a_scene_without_a_match_has_no_score_rather_than_cloud(stored, bands):
    import ee

    from ee_floods.methods.clouds import CloudCounts, cloud_counts_graph

    left, bottom, right, top = STORED_GRID.bounds
    region = ee.Geometry.Rectangle([left, bottom, right, top], STORED_GRID.crs, False)
    others = ee.ImageCollection([stored.select(["VV"], ["cs_cdf"]).set("system:index", "another")])
    linked = stored.select("VV").linkCollection(others, ["cs_cdf"]).select("cs_cdf")
    counts = CloudCounts(**cloud_counts_graph(stored.select("VV"), linked, region, 10).getInfo())
    assert counts.observed > 0 and counts.scored == 0
    assert not counts.has_score


def test_edges(stored, bands):
    from ee_floods.methods.edges import Edge, edges_image

    label = stored.select("VH").gt(-26).rename("label")
    result = read_one(edges_image(label, 2), STORED_GRID)
    vh = bands["VH"]
    known = np.isfinite(vh)
    water, dry = (vh > -26) & known, (vh <= -26) & known
    window = footprint_rectangle((5, 5))
    near_dry, near_water = dilation(dry, window), dilation(water, window)
    np.testing.assert_array_equal(result == Edge.INNER, water & near_dry)
    np.testing.assert_array_equal(result == Edge.OUTER, dry & near_water)
    assert (water & (erosion(water, window) == 0)).any()


def test_reference_water_and_improved_label(stored, bands):
    from ee_floods.methods.occurrence import improved_label_image, reference_water_image

    occurrence = stored.select("VV").add(25).multiply(7)
    values = (bands["VV"] + 25) * 7
    reference = np.where(values >= 90, 1.0, np.where(values >= 30, 2.0, 0.0))
    reference[np.isnan(values)] = np.nan
    np.testing.assert_array_equal(read_one(reference_water_image(occurrence), STORED_GRID), reference)
    weak = stored.select("VH").gt(-26).rename("weak_s1")
    improved = read_one(improved_label_image(weak, occurrence), STORED_GRID)
    wanted = np.where(values >= 90, 1.0, bands["VH"] > -26)
    wanted[np.isnan(bands["VH"])] = np.nan
    np.testing.assert_array_equal(improved, wanted)


def test_slope_of_heights(stored, bands):
    from ee_floods.methods.slope import slope_image

    height = stored.select("VH")
    result = read_one(slope_image(height), STORED_GRID)
    along, across = np.gradient(bands["VH"], 10.0)
    expected = np.degrees(np.arctan(np.hypot(along, across)))
    np.testing.assert_allclose(result[1:-1, 1:88], expected[1:-1, 1:88], atol=1e-3)
