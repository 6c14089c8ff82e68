"""Batch, direct and Xee exports of one image on one grid: the same values, the same masks."""

import numpy as np
import pytest

from ee_floods.contracts.chip import FILL, observed
from ee_floods.errors import CorruptFileError, GridMismatchError, InputError
from ee_floods.export.direct import export_direct, read_filled
from ee_floods.export.stack_export import export_image_tfrecords, fetch_export
from ee_floods.export.xarray_reader import open_xarray
from ee_floods.grid import Window
from ee_floods.service.ledger import FileLedger, MemoryLedger
from ee_floods.service.storage import SIMULATED_KEY, Storage, StorageUri
from ee_floods.service.tasks import follow
from tests.conftest import STORED_GRID, STORED_ID, stored_bands

BANDS = ("VV", "VH")
PATCH = 32
# Beyond the image on every side, and no whole number of patches before padding.
GRID = STORED_GRID.crop(Window(-8, -8, 100, 118)).padded_to(PATCH)


def expected() -> dict[str, np.ndarray]:
    """Return the stored pixels on `GRID`, NaN where masked or outside."""
    whole = {}
    for band, values in stored_bands().items():
        array = np.full(GRID.shape, np.nan, np.float32)
        array[8 : 8 + STORED_GRID.height, 8 : 8 + STORED_GRID.width] = values
        whole[band] = array
    return whole


@pytest.fixture
def image(engine_session):
    import ee

    return ee.Image(STORED_ID)


@pytest.fixture
def destination(engine_session, request):
    Storage().ensure_bucket("exports")
    return f"gs://exports/{request.node.name}"


def batch(image, destination, folder, ledger=None, **more):
    ledger = ledger or MemoryLedger()
    export = export_image_tfrecords(
        image,
        GRID,
        bands=BANDS,
        destination=destination,
        description="test",
        ledger=ledger,
        patch=PATCH,
        **more,
    )
    if export.record is not None:
        follow([export.record], ledger=ledger)
    return fetch_export(export, folder)


def assert_same(arrays):
    for band, values in expected().items():
        np.testing.assert_array_equal(observed(np.asarray(arrays[band])), values, err_msg=band)


def test_a_batch_export_holds_every_pixel_and_the_fill(image, destination, tmp_path):
    export = batch(image, destination, tmp_path)
    assert export.mixer.grid.same_as(GRID)
    assert export.mixer.total_patches == (GRID.height // PATCH) * (GRID.width // PATCH)
    mosaic = export.mosaic()
    assert_same(mosaic)
    assert mosaic["VV"][8, 8] == 0  # a legal value that a default of 0 would hide
    assert mosaic["VV"][0, 0] == FILL


def test_a_direct_export_is_the_batch_exports_twin(image, destination, tmp_path):
    ours = export_direct(image, GRID, tmp_path / "direct", bands=BANDS, patch=PATCH)
    theirs = batch(image, destination, tmp_path / "batch")
    assert ours.mixer == theirs.mixer
    for mine, other in zip(ours.chips(), theirs.chips(), strict=True):
        for band in BANDS:
            assert mine[band].tobytes() == other[band].tobytes()


def test_direct_reads_are_the_stored_pixels(image):
    assert_same(read_filled(image, GRID, BANDS))


def test_xee_reads_the_same_grid(image):
    dataset = open_xarray(image, GRID, BANDS)
    assert_same({band: dataset[band].values for band in BANDS})
    assert dataset["VV"].dims == ("y", "x")
    assert float(dataset.x[0]) == GRID.transform[2] + 5
    assert float(dataset.y[0]) == GRID.transform[5] - 5


def test_partly_masked_pixels_count_as_seen_in_all_three(image, destination, tmp_path):
    import ee

    partly = image.updateMask(ee.Image.constant(0.25))
    assert_same(batch(partly, destination, tmp_path).mosaic())
    assert_same(read_filled(partly, GRID, BANDS))
    assert_same({band: open_xarray(partly, GRID, BANDS)[band].values for band in BANDS})


def test_an_export_in_several_shards_is_put_together(image, destination, tmp_path):
    # The limit is before compression; names sort in the order of the patches.
    export = batch(image, destination, tmp_path, max_file_bytes=3 * PATCH * PATCH * 4 * len(BANDS))
    assert len(export.shards) > 1
    assert_same(export.mosaic())


@pytest.mark.tf
def test_tensorflow_reads_both_exports_alike(image, destination, tmp_path):
    import tensorflow as tf

    features = {band: tf.io.FixedLenFeature([PATCH, PATCH], tf.float32) for band in BANDS}
    exports = (
        batch(image, destination, tmp_path / "batch"),
        export_direct(image, GRID, tmp_path / "direct", bands=BANDS, patch=PATCH),
    )
    for export in exports:
        records = tf.data.TFRecordDataset([str(path) for path in export.shards], compression_type="GZIP")
        parsed = [tf.io.parse_single_example(record, features) for record in records]
        for theirs, ours in zip(parsed, export.chips(), strict=True):
            for band in BANDS:
                assert np.array_equal(theirs[band].numpy(), ours[band])


def test_a_second_run_submits_nothing_and_brings_the_same_bytes(image, destination, tmp_path, engine_session):
    import ee

    ledger = FileLedger(tmp_path / "ledger.jsonl")
    first = batch(image, destination, tmp_path / "a", ledger)
    before = len(ee.data.listOperations())
    again = batch(image, destination, tmp_path / "b", FileLedger(tmp_path / "ledger.jsonl"))
    lost = batch(image, destination, tmp_path / "c", MemoryLedger())
    assert len(ee.data.listOperations()) == before
    for other in (again, lost):
        assert [p.read_bytes() for p in other.shards] == [p.read_bytes() for p in first.shards]


def test_another_export_may_not_take_the_same_place(image, destination, tmp_path):
    batch(image, destination, tmp_path)
    with pytest.raises(InputError, match="exists with other content"):
        batch(image.multiply(2), destination, tmp_path)


def test_the_claim_says_whether_the_data_is_simulated(image, destination, tmp_path):
    batch(image, destination, tmp_path)
    claim = Storage().stat(StorageUri.parse(destination) / "claim.json")
    assert claim.metadata[SIMULATED_KEY] == "false"


def test_a_shard_that_was_removed_is_seen(image, destination, tmp_path):
    ledger = MemoryLedger()
    export = export_image_tfrecords(
        image, GRID, bands=BANDS, destination=destination, description="t", ledger=ledger, patch=PATCH,
        max_file_bytes=3 * PATCH * PATCH * 4 * len(BANDS),
    )  # fmt: skip
    follow([export.record], ledger=ledger)
    storage = Storage()
    shards = [item.uri for item in storage.list(export.destination) if item.uri.name.endswith(".gz")]
    storage.delete(shards[-1])
    with pytest.raises(CorruptFileError, match="does not fit"):
        fetch_export(export, tmp_path)


def test_a_grid_that_earth_engine_would_cut_is_refused(image, destination):
    with pytest.raises(GridMismatchError, match="whole number of patches"):
        export_image_tfrecords(
            image, STORED_GRID, bands=BANDS, destination=destination, description="t",
            ledger=MemoryLedger(), patch=PATCH + 1,
        )  # fmt: skip


def test_a_whole_bucket_is_no_destination(image):
    with pytest.raises(InputError, match="whole bucket"):
        export_image_tfrecords(
            image, GRID, bands=BANDS, destination="gs://exports", description="t",
            ledger=MemoryLedger(), patch=PATCH,
        )  # fmt: skip
