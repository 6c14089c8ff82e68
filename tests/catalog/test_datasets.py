from ee_floods.catalog.datasets import DATASETS
from ee_floods.contracts.chip import S2_BANDS


def test_every_data_set_says_whom_to_cite_and_when_it_starts():
    for name, dataset in DATASETS.items():
        assert dataset.citation and dataset.licence, name
        assert dataset.last is None or dataset.last > dataset.first, name
        assert len({band.name for band in dataset.bands}) == len(dataset.bands), name


def test_both_ids_of_glo30_are_known():
    assert DATASETS["glo30"].predecessor == DATASETS["glo30_2021"].id


def test_sentinel_2_has_the_chips_bands_in_the_chips_order():
    assert tuple(band.name for band in DATASETS["s2_l1c"].bands) == S2_BANDS


def test_the_page_of_a_data_set_has_its_id():
    assert DATASETS["s1_grd"].url.endswith("/catalog/COPERNICUS_S1_GRD")
