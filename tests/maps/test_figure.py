"""The picture: colours, marks, the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from ee_floods.contracts.product import CLASSES
from ee_floods.grid import Grid
from ee_floods.inference.product_file import write_product
from ee_floods.maps import figure as figure_module
from ee_floods.maps.column import wrapped
from ee_floods.maps.figure import draw_figure
from ee_floods.maps.palette import rgb
from tests.inference.makers import UTM, product, radar_scene

SIMULATED = {"assets": [{"id": "COPERNICUS/S1_GRD/x", "simulated": True}], "files": []}


def pixels(path: Path) -> np.ndarray:
    return np.rint(imread(path)[..., :3] * 255).astype(int)


def share(picture: np.ndarray, colour: str) -> float:
    return float((picture == rgb(colour)).all(axis=-1).mean())


def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All texts of the figure, collected when it is saved."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    found: list[str] = []
    save = Figure.savefig

    def spy(self: Figure, *args: object, **kwargs: object) -> None:
        found.extend(item.get_text() for item in self.findobj(Text))
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", spy)
    return found


def test_every_class_is_drawn_in_its_colour(tmp_path: Path) -> None:
    picture = pixels(draw_figure(product(), tmp_path / "a.png"))
    for spec in CLASSES:
        if spec.colour is not None:
            assert share(picture, spec.colour) > 0.005, spec.label


def test_the_picture_says_what_a_reader_must_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = texts(monkeypatch)
    draw_figure(product(), tmp_path / "a.png")
    whole = "\n".join(found)
    for words in (
        "Jamuna 2022", "observed 2022-08-30 01:12 UTC", "not validated for operational use",
        "Not assessed: terrain.", "flood", "not observed", "km²", "N", "° E", "100 m",
    ):  # fmt: skip
        assert words in whole
    assert "SIMULATED" not in whole


def test_a_simulated_product_says_so_across_the_map_and_in_the_heading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = texts(monkeypatch)
    draw_figure(product(provenance=SIMULATED), tmp_path / "a.png", title="My own title")
    assert found.count("SIMULATED") == 2 and "SIMULATED My own title" in found


def test_simulated_radar_under_a_real_product_marks_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = texts(monkeypatch)
    draw_figure(product(), tmp_path / "a.png", radar=radar_scene(simulated=True))
    assert found.count("SIMULATED") == 2 and "SIMULATED Jamuna 2022" in found


def test_the_same_product_gives_the_same_bytes_from_memory_and_from_a_file(tmp_path: Path) -> None:
    raster = product()
    path = write_product(tmp_path / "a.tif", raster)
    first = draw_figure(raster, tmp_path / "a.png").read_bytes()
    assert draw_figure(path, tmp_path / "b.png").read_bytes() == first
    assert b"Software" not in first and b"atplotlib" not in first


def test_radar_shows_where_it_is_dry_and_the_legend_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = texts(monkeypatch)
    picture = pixels(draw_figure(product(), tmp_path / "a.png", radar=radar_scene()))
    assert share(picture, "#f6dfc3") == 0 and share(picture, "#d7191c") > 0.005
    assert "dry (radar VV shown)" in found


@pytest.mark.parametrize(
    "grid",
    [
        Grid("EPSG:4326", (1e-4, 0, -0.78, 0, -1e-4, 38.12), (40, 30)),
        Grid("EPSG:32645", (10, 0, 720_000, 0, -10, 2_710_000), (4, 400)),
        Grid("EPSG:32645", (8, 6, 720_000, 6, -8, 2_710_000), (30, 30)),
    ],
    ids=["degrees", "strip", "turned"],
)
def test_any_shape_and_crs_is_drawn(tmp_path: Path, grid: Grid) -> None:
    assert draw_figure(product(grid), tmp_path / "a.png").stat().st_size > 10_000


def test_a_product_too_large_to_draw_is_made_coarser_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure_module, "MAP_SIDE", 30)
    found = texts(monkeypatch)
    draw_figure(product(), tmp_path / "a.png")
    assert "blocks of 2 x 2 pixels" in " ".join(found)


def test_long_words_are_broken_and_no_line_is_too_wide() -> None:
    from matplotlib.textpath import TextPath

    text = "Radar scenes: " + "S1A_IW_GRDH_1SDV_20220830T011234_20220830T011259_044785_0558F2_AAAA " * 3
    lines = wrapped(text, 200, 8.6)
    assert max(TextPath((0, 0), line, size=8.6).get_extents().x1 for line in lines) <= 201
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_crowded_column_stays_on_the_page(tmp_path: Path) -> None:
    raster = product()
    many = tuple(f"S1A_IW_GRDH_1SDV_{i:060d}" for i in range(60))
    crowded = replace(raster, properties=raster.properties.model_copy(update={"scene_ids": many}))
    height = pixels(draw_figure(crowded, tmp_path / "a.png")).shape[0]
    assert height <= (figure_module.HEADING + figure_module.GREATEST_COLUMN) * figure_module.DPI + 1
    assert UTM.shape == raster.flood.shape
