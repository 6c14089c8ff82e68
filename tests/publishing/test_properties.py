from ee_floods.publishing.properties import CONTENT_KEY, asset_properties


def test_an_asset_gets_numbers_and_strings_only():
    flat = asset_properties(
        {
            "schema": "ee-floods/product/1.0",
            "thresholds": {"vh dB": -17.5},
            "scene_ids": ["a", "b"],
            "validated_on": [],
            "observed_at": None,
            "simulated": True,
            "provenance": {"assets": [{"id": "x", "simulated": True}], "simulated": True},
        },
        "abc",
    )
    assert flat["thresholds_vh_dB"] == -17.5
    assert flat["scene_ids"] == '["a", "b"]'
    assert flat["validated_on"] == "[]"
    assert "observed_at" not in flat
    assert (flat["simulated"], flat["provenance_simulated"]) == (1, 1)
    assert flat[CONTENT_KEY] == "abc"
    assert all(type(value) in (int, float, str) for value in flat.values())


def test_the_mark_is_there_even_when_nothing_is_simulated():
    assert asset_properties({}, "abc")["simulated"] == 0
