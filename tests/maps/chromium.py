"""Headless Chromium with the network off: the page as a reader's browser shows it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium on this machine")


@dataclass(frozen=True)
class Place:
    """One line of the page's readout: position on the screen, class, text."""

    x: float
    y: float
    value: int
    text: str


@dataclass(frozen=True)
class Opened:
    """What came of opening a page."""

    dom: str
    picture: np.ndarray
    """uint8 `(H, W, 3)`."""
    shift: int
    """Pixels by which the map lies lower in the picture than in `dom`; see `open_page`."""
    requests: tuple[str, ...]
    """Addresses that the page asked for, but for those inside it."""
    console: tuple[str, ...]

    @property
    def places(self) -> list[Place]:
        """The readout at the places in the page's link."""
        reader = _Places()
        reader.feed(self.dom)
        return reader.places

    def colour(self, place: Place) -> tuple[int, int, int]:
        """Colour of the screen at a place."""
        red, green, blue = self.picture[int(place.y) + self.shift, int(place.x)].tolist()
        return red, green, blue


class _Places(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []
        self._open: dict[str, str | None] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li" and "data-x" in dict(attrs):
            self._open, self._text = dict(attrs), ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "li" and self._open is not None:
            at = self._open
            self.places.append(
                Place(
                    float(at["data-x"] or 0),
                    float(at["data-y"] or 0),
                    int(at["data-class"] or -1),
                    self._text,
                )
            )
            self._open = None


def open_page(
    page: Path,
    folder: Path,
    *,
    at: list[tuple[float, float]] | None = None,
    size: tuple[int, int] = (1200, 800),
) -> Opened:
    """Open a page from its file, once for its elements with `at` in the link, once for its picture without.

    For a picture the browser makes the page as high as the window once it has loaded, and Leaflet then keeps
    the middle of the map in the middle: `shift` is how far that moves it.

    Args:
        page: The HTML file.
        folder: For the browser's profile, picture and log.
        at: Longitudes and latitudes to read out.
        size: Of the window in pixels.
    """
    assert PROGRAM is not None
    link = "#at=" + ";".join(f"{lon!r},{lat!r}" for lon, lat in at) if at else ""
    log, picture = folder / "net.json", folder / "picture.png"
    probe = folder / "height.html"
    probe.write_text("<!doctype html><p id=p></p><script>p.textContent=`height ${innerHeight}`</script>")
    height, _ = _run(["--dump-dom"], probe.as_uri(), folder / "profile0", size)
    found = re.search(r"height (\d+)", height)
    assert found
    # Rounded as Leaflet rounds, halves upward.
    shift = (size[1] + 1) // 2 - (int(found[1]) + 1) // 2
    dom, _ = _run([f"--log-net-log={log}", "--dump-dom"], page.as_uri() + link, folder / "profile1", size)
    _, console = _run([f"--screenshot={picture}"], page.as_uri(), folder / "profile2", size)
    shown = np.rint(imread(picture)[..., :3] * 255).astype(np.uint8)
    return Opened(dom, shown, shift, _requests(log), console)


def _run(options: list[str], url: str, profile: Path, size: tuple[int, int]) -> tuple[str, tuple[str, ...]]:
    command = [
        str(PROGRAM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars", "--force-device-scale-factor=1", "--force-color-profile=srgb",
        "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}",
        f"--window-size={size[0]},{size[1]}", *options, url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def _requests(log: Path) -> tuple[str, ...]:
    """Addresses of requests that a document started; the browser's own have no initiator or another."""
    text = log.read_text(encoding="utf-8")
    try:
        events = json.loads(text)["events"]
    except ValueError:  # the browser was gone before it closed the list
        events = json.loads(re.sub(r",\s*$", "", text) + "]}")["events"]
    found = []
    for event in events:
        params = event.get("params", {})
        url = str(params.get("url", ""))
        initiator = str(params.get("initiator", "not an origin"))
        if url.startswith(("http", "ws", "ftp")) and initiator != "not an origin":
            found.append(url)
    return tuple(found)
