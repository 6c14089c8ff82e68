"""The stack of a pair, evaluated, against the assets read raw and put together in NumPy."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from ee_floods.catalog import events
from ee_floods.config.pairing import PairingRule
from ee_floods.contracts.chip import S2_BANDS, STACK_BANDS
from ee_floods.errors import InputError
from ee_floods.grid import Grid
from ee_floods.query.pairs import find_pairs
from ee_floods.query.stack import chip_stack, weak_thresholds
from tests.pixels import read_one, read_pixels

LABELS = "asset:projects/local/assets/world/hand_labels"
THRESHOLDS = {"weak_s1": -20.0}


@pytest.fixture(scope="module")
def pair(engine_session):
    listed = events.get("lower-indus-2022-08")
    event = replace(listed, start=listed.peak - timedelta(days=4), end=listed.peak + timedelta(days=4))
    found = find_pairs(event, PairingRule(max_cloud=1.0, max_hours=72), patch=64, extent_px=64)[0]
    # Grids of 10 m and of 16 m that share their corner, on whole input pixels: 40 x 40 of 16 m are 64 x 64.
    left, _, _, top = (80 * round(v / 80) for v in found.grid.bounds)
    return replace(found, grid=Grid(found.grid.crs, (10.0, 0.0, left, 0.0, -10.0, top), (64, 64)))


@pytest.fixture(scope="module")
def grid_16m(pair):
    a, b, x, c, d, y = pair.grid.transform
    return Grid(pair.grid.crs, (1.6 * a, b, x, c, 1.6 * d, y), (40, 40))


@pytest.fixture(scope="module")
def stacked(pair):
    return read_pixels(chip_stack(pair, thresholds=THRESHOLDS, label_source=LABELS), pair.grid)


@pytest.fixture(scope="module")
def raw(pair):
    """The same ground straight from the assets; later slices and tiles lie on top, as in a mosaic."""
    import ee

    def top(ids, bands):
        layers = [read_pixels(ee.Image(name).select(bands), pair.grid) for name in ids]
        whole = {}
        for layer in layers:
            for band, values in layer.items():
                below = whole.get(band, np.full(values.shape, np.nan))
                whole[band] = np.where(np.isfinite(values), values, below)
        return whole

    scores = [name.replace("COPERNICUS/", "GOOGLE/CLOUD_SCORE_PLUS/V1/") for name in pair.s2_ids]
    return {
        **top(pair.s1_ids, ["VV", "VH", "angle"]),
        **top(pair.s2_ids, list(S2_BANDS)),
        **top(scores, ["cs_cdf"]),
    }


def area_mean(values):
    """The mean over 16 m pixels of 10 m pixels cut into 2 m."""
    blocks = np.kron(values, np.ones((5, 5))).reshape(40, 8, 40, 8)
    return blocks.mean((1, 3))


def test_bands_are_the_contracts_in_its_order(stacked):
    assert tuple(stacked) == STACK_BANDS


def test_at_10_m_the_sensors_are_read_as_they_are(stacked, raw):
    for band in ("VV", "VH", *S2_BANDS):
        np.testing.assert_allclose(stacked[band], raw[band], atol=1e-3, err_msg=band)
    np.testing.assert_allclose(stacked["cloud_score"], raw["cs_cdf"], atol=1e-5)


def test_weak_labels_follow_their_rules(stacked, raw):
    np.testing.assert_array_equal(stacked["weak_s1"], raw["VH"] < THRESHOLDS["weak_s1"])
    green, red, near, short = (raw[band] for band in ("B3", "B4", "B8", "B11"))
    mndwi, ndvi = (green - short) / (green + short), (near - red) / (near + red)
    expected = np.where(raw["cs_cdf"] >= 0.6, (mndwi > 0) & (mndwi > ndvi), -1)
    np.testing.assert_array_equal(stacked["weak_s2"], expected)


def test_occurrence_is_zero_and_not_masked_where_no_water_was_ever_seen(stacked, pair):
    import ee

    image = ee.Image("JRC/GSW1_4/GlobalSurfaceWater").select(["occurrence", "max_extent"])
    jrc = read_pixels(image, pair.grid)
    never = np.isnan(jrc["occurrence"]) & (jrc["max_extent"] == 0)
    assert never.any()
    assert (stacked["occurrence"][never] == 0).all()
    seen = np.isfinite(jrc["occurrence"])
    np.testing.assert_array_equal(stacked["occurrence"][seen], jrc["occurrence"][seen])


def test_no_sensor_band_of_a_covered_chip_is_masked(stacked):
    for band in ("VV", "VH", *S2_BANDS, "cloud_score", "occurrence", "hand", "weak_s1", "weak_s2"):
        assert np.isfinite(stacked[band]).all(), band


def test_at_16_m_power_and_reflectance_are_averaged_by_area(pair, raw, grid_16m):
    stack = chip_stack(pair, scale=16, bands=("VV", "VH", "B3", "cloud_score"))
    result = read_pixels(stack, grid_16m)
    for band in ("VV", "VH"):
        expected = 10 * np.log10(area_mean(10 ** (raw[band] / 10)))
        np.testing.assert_allclose(result[band], expected, atol=1e-3, err_msg=band)
    np.testing.assert_allclose(result["B3"], area_mean(raw["B3"]), rtol=1e-4)
    np.testing.assert_allclose(result["cloud_score"], area_mean(raw["cs_cdf"]), atol=1e-4)


def test_at_16_m_weak_labels_are_the_majority_and_ties_are_invalid(pair, raw, grid_16m):
    threshold = float(np.median(raw["VH"]))
    stack = chip_stack(pair, scale=16, bands=("weak_s1",), thresholds={"weak_s1": threshold})
    share = area_mean((raw["VH"] < threshold).astype(float))
    expected = np.where(np.isclose(share, 0.5), -1, share > 0.5)
    np.testing.assert_array_equal(read_one(stack, grid_16m), expected)
    assert (expected == -1).any()


def test_the_threshold_of_a_pair_splits_its_vh(pair, raw):
    from skimage.filters import threshold_otsu

    # scikit-image bins between least and greatest value, so that the two differ by less than its bin.
    vh = raw["VH"][(raw["VH"] >= -50) & (raw["VH"] < 10)]
    step = np.ptp(vh) / 256
    assert weak_thresholds(pair)["weak_s1"] == pytest.approx(threshold_otsu(vh), abs=step + 0.1)


def test_without_a_label_source_the_label_is_masked_and_with_one_it_is_the_assets(pair):
    import ee

    assert np.isnan(read_one(chip_stack(pair, bands=("label",)), pair.grid)).all()
    drawn = ee.Image(LABELS.removeprefix("asset:") + "/lower-indus-2022-08")
    time = drawn.date().getInfo()["value"] / 1000
    at_label = replace(pair, s2_time=pair.s2_time.fromtimestamp(time, pair.s2_time.tzinfo))
    label = read_one(chip_stack(at_label, bands=("label",), label_source=LABELS), pair.grid)
    np.testing.assert_array_equal(label, read_one(drawn.select("label"), pair.grid))
    assert np.isin(label, (-1, 0, 1)).all()


def test_a_label_drawn_on_another_pass_is_not_used(pair):
    far = replace(pair, s2_time=pair.s2_time - timedelta(days=300))
    assert np.isnan(read_one(chip_stack(far, bands=("label",), label_source=LABELS), pair.grid)).all()


def test_masks_are_zero_or_one(pair, grid_16m):
    import ee

    from ee_floods.query.stack import solid

    # A ramp of masks from 0 to 1 across the grid.
    x = ee.Image.pixelCoordinates(ee.Projection(pair.grid.crs)).select("x")
    ramp = x.subtract(pair.grid.bounds[0]).divide(640)
    image = ee.Image.constant([3, 4]).rename(["p", "q"]).toFloat().updateMask(ramp)
    mask = read_one(solid(image, ("p", "q")).select("p").mask(), pair.grid)
    expected = (np.arange(64) * 10 + 5) / 640 >= 0.5
    np.testing.assert_array_equal(mask, np.broadcast_to(expected, (64, 64)))
    assert np.nanmax(read_pixels(solid(image, ("p", "q")), pair.grid)["q"]) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"bands": ()}, "empty"),
        ({"bands": ("VV", "VV")}, "twice"),
        ({"bands": ("VB",)}, "unknown"),
        ({"bands": ("VV_pre",)}, "not made by this version"),
        ({"bands": ("weak_s1",), "thresholds": {}}, "weak_thresholds"),
        ({"bands": ("label",), "label_source": "folder:/data"}, "outside Earth Engine"),
        ({"bands": ("label",), "label_source": "aset:x"}, "Did you mean 'asset'"),
    ],
)
def test_what_cannot_be_stacked_is_named(pair, arguments, words):
    with pytest.raises(InputError, match=words):
        chip_stack(pair, **arguments)
