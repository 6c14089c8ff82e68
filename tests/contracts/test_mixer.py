from __future__ import annotations

import json
from pathlib import Path

import pytest

from ee_floods.contracts.mixer import Mixer
from ee_floods.errors import CorruptFileError
from ee_floods.grid import Grid

GOLDEN = Path(__file__).parents[1] / "golden" / "mixer.json"


def test_the_golden_mixer_reads_and_is_written_the_same() -> None:
    mixer = Mixer.from_json(GOLDEN.read_text())
    assert mixer.patch == (256, 256)
    assert (mixer.patches_per_row, mixer.total_patches) == (3, 6)
    assert mixer.grid == Grid("EPSG:32642", (10.0, 0.0, 399960.0, 0.0, -10.0, 3000000.0), (512, 768))
    assert json.loads(mixer.to_json()) == json.loads(GOLDEN.read_text())


def test_width_comes_before_height_in_patch_dimensions() -> None:
    mixer = Mixer(Grid("EPSG:32642", (10, 0, 0, 0, -10, 0), (64, 96)), (64, 32))
    assert json.loads(mixer.to_json())["patchDimensions"] == [32, 64]
    assert Mixer.from_json(mixer.to_json()) == mixer


@pytest.mark.parametrize(
    "change",
    [{"totalPatches": 7}, {"patchesPerRow": 0}, {"patchDimensions": [256]}, {"projection": {}}],
    ids=lambda change: next(iter(change)),
)
def test_a_mixer_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    document = json.loads(GOLDEN.read_text()) | change
    with pytest.raises(CorruptFileError, match=r"my-mixer\.json"):
        Mixer.from_json(json.dumps(document), "my-mixer.json")


def test_a_grid_that_is_no_whole_number_of_patches_is_refused() -> None:
    with pytest.raises(CorruptFileError, match="whole number of patches"):
        Mixer(Grid("EPSG:32642", (10, 0, 0, 0, -10, 0), (500, 600)), (256, 256))
