"""The page: complete in itself, in a real browser, with the colours of the product."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer
from rasterio.io import MemoryFile

from ee_floods.contracts.product import CLASSES
from ee_floods.errors import InputError
from ee_floods.grid import Grid
from ee_floods.inference.product_file import write_product
from ee_floods.inference.radar_file import read_radar
from ee_floods.inference.raster import FloodRaster
from ee_floods.inference.scene import map_scene
from ee_floods.maps import html as html_module
from ee_floods.maps.html import write_html
from ee_floods.maps.palette import rgb
from tests.inference.makers import SHARED_CHIPS, UTM, StubPredictor, product, radar_scene
from tests.maps.chromium import needs_chromium, open_page

COLOURS = {int(spec.value): rgb(spec.colour) for spec in CLASSES if spec.colour}
SIMULATED = {"assets": [{"id": "COPERNICUS/S1_GRD/x", "simulated": True}], "files": []}
VENDOR = Path(html_module.__file__).parent / "vendor" / "leaflet"


def document(page: Path) -> dict[str, Any]:
    """The data inside a page."""
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL
    )
    assert found
    return dict(json.loads(found[1]))


def image(page: Path, name: str) -> np.ndarray:
    """A raster inside a page, `(bands, H, W)`."""
    found = re.search(rf'id="{name}" alt="" src="data:image/png;base64,([^"]+)"', page.read_text())
    assert found
    with MemoryFile(base64.b64decode(found[1])) as memory, memory.open() as dataset:
        return np.asarray(dataset.read())


def centres(raster: FloodRaster, *, every: int, block: int) -> list[tuple[float, float, int]]:
    """Longitude, latitude and class in the middles of blocks of one class, `every` pixels apart."""
    a, b, c, d, e, f = raster.grid.transform
    to_lonlat = Transformer.from_crs(raster.grid.crs, "EPSG:4326", always_xy=True)
    found = []
    half = block // 2
    for row in range(half, raster.grid.height - half, every):
        for col in range(half, raster.grid.width - half, every):
            around = raster.flood[row - half : row + half + 1, col - half : col + half + 1]
            if (around == around[0, 0]).all():
                x, y = c + a * (col + 0.5) + b * (row + 0.5), f + d * (col + 0.5) + e * (row + 0.5)
                lon, lat = to_lonlat.transform(x, y)
                found.append((float(lon), float(lat), int(around[0, 0])))
    return found


def test_the_vendored_library_is_the_published_one() -> None:
    readme = (VENDOR / "README.md").read_text()
    for name in ("leaflet.js", "leaflet.css", "LICENSE"):
        digest = hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()
        assert re.search(rf"`{re.escape(name)}` \| `{digest}`", readme)
    assert "1.9.4" in readme and b'version="1.9.4"' in (VENDOR / "leaflet.js").read_bytes()


def test_a_page_refers_to_nothing_outside_and_carries_the_licence(tmp_path: Path) -> None:
    text = write_html([product()], tmp_path / "a.html", radar=radar_scene()).read_text()
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)[^"']*["']""", text.split("<script>")[0])
    assert "url(" not in text.split("</style>")[0] and "sourceMappingURL" not in text
    assert "Volodymyr Agafonkin" in text and "Redistribution and use" in text
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy and policy[1].startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy[1] and "connect-src" not in policy[1]
    assert '<html lang="en">' in text and "<title>Jamuna 2022</title>" in text


def test_values_and_legend_are_those_of_the_product(tmp_path: Path) -> None:
    raster = product()
    page = write_html([raster], tmp_path / "a.html")
    source = document(page)["sources"][0]
    bands = image(page, source["values"])
    assert bands.shape == (3, source["height"], source["width"])
    assert set(np.unique(bands[0])) == set(np.unique(raster.flood))
    assert [entry["value"] for entry in source["legend"]] == [3, 4, 2, 1, 0, 254, 255]
    assert {entry["value"]: entry["colour"] for entry in source["legend"]} == {
        int(spec.value): spec.colour for spec in CLASSES
    }
    assert source["exclusionBits"] == 17 and source["notAssessed"] == "Not assessed: terrain."
    assert source["validation"] == "not validated for operational use"


def test_the_same_products_give_the_same_page_from_memory_and_from_files(tmp_path: Path) -> None:
    path = write_product(tmp_path / "a.tif", product())
    first = write_html([product()], tmp_path / "a.html").read_bytes()
    assert write_html([path], tmp_path / "b.html").read_bytes() == first


def test_a_name_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script> {{data}} & co"
    page = write_html([product(event=name)], tmp_path / "a.html")
    text = page.read_text()
    assert "<script>alert" not in text
    assert document(page)["sources"][0]["name"] == name
    assert "<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; {{data}} &amp; co</title>" in text


def test_simulated_radar_under_a_real_product_marks_the_page(tmp_path: Path) -> None:
    assert document(write_html([product()], tmp_path / "a.html"))["simulated"] is False
    page = write_html([product()], tmp_path / "b.html", radar=radar_scene(simulated=True))
    assert document(page)["simulated"] is True


def test_no_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        write_html([], tmp_path / "a.html")


def test_a_large_product_is_shown_coarser_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_module, "MAX_SIDE", 30)
    source = document(write_html([product()], tmp_path / "a.html"))["sources"][0]
    assert max(source["width"], source["height"]) <= 45
    assert "blocks of 2 x 2 pixels" in source["displayNote"]


@pytest.mark.browser
@needs_chromium
def test_the_browser_shows_every_class_in_its_colour_and_asks_the_network_for_nothing(tmp_path: Path) -> None:
    raster = product(Grid("EPSG:32645", UTM.transform, (80, 90)), block=20)
    page = write_html([raster], tmp_path / "a.html", radar=radar_scene(raster.grid))
    points = centres(raster, every=7, block=5)
    opened = open_page(page, tmp_path, at=[(lon, lat) for lon, lat, _ in points])
    assert opened.requests == () and opened.console == ()
    assert 'data-ready="true"' in opened.dom
    assert [place.value for place in opened.places] == [value for _, _, value in points]
    shown = [
        (value, opened.colour(place)) for (_, _, value), place in zip(points, opened.places, strict=True)
    ]
    known = [(value, colour) for value, colour in shown if value in COLOURS]
    # A line of the graticule may run through a place or two.
    assert sum(colour == COLOURS[value] for value, colour in known) >= 0.9 * len(known)
    assert {value for value, colour in known if colour == COLOURS[value]} == set(COLOURS)
    assert "water 1" in opened.dom and "no radar" in opened.dom


@pytest.mark.browser
@needs_chromium
def test_a_simulated_page_says_so_above_and_on_the_map_at_the_width_of_a_telephone(tmp_path: Path) -> None:
    page = write_html([product(provenance=SIMULATED), product(seed=1)], tmp_path / "a.html")
    opened = open_page(page, tmp_path, size=(500, 900))
    assert '<span class="simulated">SIMULATED</span>' in opened.dom
    assert "This is not a map of a real flood" in opened.dom and "SIMULATED Jamuna 2022" in opened.dom
    assert opened.dom.count('class="source"') == 2
    assert (opened.picture[:40] == rgb("#b00020")).all(axis=-1).mean() > 0.5  # the ribbon
    assert opened.console == ()


@pytest.mark.browser
@needs_chromium
@pytest.mark.skipif(not SHARED_CHIPS.is_dir(), reason="the shared Sen1Floods11 chips are not here")
def test_a_real_chip_stands_in_the_browser_where_it_stands_in_the_file(tmp_path: Path) -> None:
    scene = read_radar(SHARED_CHIPS / "Spain_7370579_S1Hand.tif")
    predictor = StubPredictor(lambda bands: (bands["VH"] < -23.6).astype(np.float32))
    raster = map_scene(predictor, scene, reference=None, terrain=None)
    path = write_product(tmp_path / "a.tif", raster)
    page = write_html([path], tmp_path / "a.html", radar=scene)
    points = centres(raster, every=23, block=7)
    assert {value for _, _, value in points} == {0, 4}
    opened = open_page(page, tmp_path, at=[(lon, lat) for lon, lat, _ in points])
    assert opened.requests == () and opened.console == ()
    assert [place.value for place in opened.places] == [value for _, _, value in points]
    right = [
        opened.colour(place) == COLOURS[value]
        for (_, _, value), place in zip(points, opened.places, strict=True)
    ]
    assert np.mean(right) > 0.9


@pytest.mark.browser
@needs_chromium
def test_the_watch_over_requests_would_see_one(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text('<!doctype html><img src="http://example.com/tile.png">')
    assert open_page(page, tmp_path).requests == ("http://example.com/tile.png",)
