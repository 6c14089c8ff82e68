from __future__ import annotations

from ee_floods.contracts.provenance import AssetUse, Provenance

REAL = Provenance((AssetUse("JRC/GSW1_4/GlobalSurfaceWater", False),))
MADE_UP = Provenance((AssetUse("COPERNICUS/S1_GRD", True),), ("a.tif",))


def test_one_simulated_asset_makes_a_result_simulated() -> None:
    assert not REAL.simulated
    assert REAL.merged(MADE_UP).simulated
    assert REAL.merged(MADE_UP).mark == "SIMULATED"
    assert REAL.mark == ""


def test_simulated_wins_when_both_are_said_of_one_asset() -> None:
    real = Provenance((AssetUse("x", False),))
    made_up = Provenance((AssetUse("x", True),))
    assert real.merged(made_up).assets == made_up.merged(real).assets == (AssetUse("x", True),)


def test_it_comes_back_from_json() -> None:
    both = REAL.merged(MADE_UP)
    assert Provenance.from_dict(both.to_dict()) == both
