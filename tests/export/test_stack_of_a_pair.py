"""The whole stack of a pair of the simulated world: batch and direct exports agree in every band."""

import pytest

from ee_floods.config.pairing import PairingRule
from ee_floods.contracts.chip import STACK_BANDS
from ee_floods.export.dataset import PairExport, build_manifest
from ee_floods.export.direct import export_direct
from ee_floods.export.stack_export import export_image_tfrecords, fetch_export
from ee_floods.query.pairs import find_pairs
from ee_floods.query.stack import chip_stack, weak_thresholds
from ee_floods.service.ledger import MemoryLedger
from ee_floods.service.tasks import follow
from ee_floods.session import provenance

PATCH = 32


@pytest.fixture
def pair(engine_session):
    from ee_floods.catalog import events

    event = events.get("salado-pampa-2017-10")
    return find_pairs(event, PairingRule(max_hours=72), patch=PATCH, extent_px=(PATCH, 2 * PATCH)).pairs[0]


def test_batch_and_direct_exports_agree_and_make_a_simulated_data_set(pair, tmp_path):
    thresholds = weak_thresholds(pair)
    stack = chip_stack(pair, thresholds=thresholds)
    ledger = MemoryLedger()
    begun = export_image_tfrecords(
        stack,
        pair.grid,
        bands=STACK_BANDS,
        destination=f"gs://local/stack-test/{pair.id}",
        description=pair.id,
        ledger=ledger,
        patch=PATCH,
    )
    follow([begun.record], ledger=ledger)
    batch = fetch_export(begun, tmp_path / pair.id)
    direct = export_direct(stack, pair.grid, tmp_path / "direct", bands=STACK_BANDS, patch=PATCH)
    assert batch.mixer == direct.mixer
    for theirs, ours in zip(batch.chips(), direct.chips(), strict=True):
        different = [band for band in STACK_BANDS if theirs[band].tobytes() != ours[band].tobytes()]
        assert different == []
    manifest = build_manifest(
        "world",
        [PairExport(pair, batch, provenance(stack), thresholds)],
        lambda event: "train",
        folder=tmp_path,
        scale_m=10,
        split_rule="all train",
    )
    assert manifest.simulated
    assert len(manifest.chips) == 2
    assert sum(manifest.chips[0].counts["weak_s1"].values()) == PATCH * PATCH
