"""Round numbers and lines where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from ee_floods.maps.graticule import degree_text, graticule, nice_step, round_length
from tests.inference.makers import UTM


@pytest.mark.parametrize(("span", "step"), [(0.046, 0.01), (1.0, 0.2), (8.0, 2.0), (0.18, 0.05)])
def test_steps_are_round(span: float, step: float) -> None:
    assert nice_step(span) == pytest.approx(step)


@pytest.mark.parametrize(
    ("longest", "length"), [(999, 500), (1000, 1000), (1999, 1000), (2000, 2000), (4.9, 2)]
)
def test_scale_bars_are_round_and_fit(longest: float, length: float) -> None:
    assert round_length(longest) == pytest.approx(length)


@pytest.mark.parametrize(
    ("degrees", "step", "meridian", "text"),
    [(-0.76, 0.02, True, "0.76° W"), (38.1, 0.1, False, "38.1° N"), (0.0, 0.1, True, "0.0°"),
     (-23.5, 0.5, False, "23.5° S"), (90.0, 10.0, True, "90° E")],
)  # fmt: skip
def test_coordinates_have_the_digits_of_the_step(
    degrees: float, step: float, meridian: bool, text: str
) -> None:
    assert degree_text(degrees, step, meridian=meridian) == text


def test_lines_lie_on_their_coordinate() -> None:
    lines, step_x, step_y = graticule(UTM)
    assert lines and step_x > 0 and step_y > 0
    to_lonlat = Transformer.from_crs(UTM.crs, "EPSG:4326", always_xy=True)
    for line in lines:
        lon, lat = to_lonlat.transform(line.x, line.y)
        np.testing.assert_allclose(lon if line.meridian else lat, line.degrees, atol=1e-9)
        step = step_x if line.meridian else step_y
        assert line.degrees / step == pytest.approx(round(line.degrees / step), abs=1e-6)
