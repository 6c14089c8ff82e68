"""The README's Python surface on the local engine, over a corner of an event."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ee_floods as eef
from ee_floods.errors import InputError

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def corner(engine_session: object) -> object:
    """About 2.5 km of an event: one patch of 256 pixels."""
    event = eef.events.find("Jamuna", date="2019-07")[0]
    lon, lat = event.centre
    return replace(event, bounds=(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01))


def test_an_event_becomes_a_product_with_areas_and_a_page(corner: object, tmp_path: Path) -> None:
    product = eef.load_model("baseline:vh-threshold=-21").predict(corner, tmp_path / "flood.tif")
    assert product.raster.properties.simulated
    assert product.raster.properties.event.startswith("SIMULATED")
    rows = {row["label"]: row["km2"] for row in product.stats().to_rows()}
    assert sum(rows[k] for k in rows if k not in ("not observable", "no data")) == pytest.approx(
        6.55, rel=0.02
    )
    assert product.map().stat().st_size > 100_000
    assert product.picture().stat().st_size > 10_000
    again = eef.open_product(tmp_path / "flood.tif")
    np.testing.assert_array_equal(again.raster.flood, product.raster.flood)

    asset = eef.publish(product, "projects/local/assets/floods/corner")
    assert not asset.unchanged
    assert eef.publish(product, "projects/local/assets/floods/corner").unchanged


def test_pairs_become_chips(corner: object, tmp_path: Path) -> None:
    pairs = eef.find_pairs(corner, eef.PairingRule(max_cloud=0.6, max_pairs=1))
    dataset = eef.export_chips(
        pairs, "gs://local/surface", folder=tmp_path, bands=("VV", "VH", "weak_s1"), split="test"
    )
    assert dataset.manifest.simulated
    (chip,) = dataset.manifest.split("test")
    values = dataset.read(chip, ("VH", "weak_s1"))
    threshold = next(iter(dataset.manifest.thresholds.values()))
    np.testing.assert_array_equal(values["weak_s1"] == 1, values["VH"] < threshold)
    with pytest.raises(InputError, match="found for another"):
        eef.export_chips(pairs, "gs://local/surface", folder=tmp_path, scale=16)


def test_a_session_is_adopted_and_its_assets_are_asked(engine_session: object) -> None:
    assert eef.current() is engine_session
    assert eef.provenance(["MERIT/Hydro/v1_0_1"]).simulated


def test_a_bucket_of_the_real_service_is_not_asked_of_the_local_engine(
    engine_session: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ee_floods.workflows.publish import bucket_of

    monkeypatch.setenv("EE_FLOODS_BUCKET", "my-real-bucket")
    assert bucket_of(None) == "gs://local"
    assert bucket_of("gs://other") == "gs://other"
