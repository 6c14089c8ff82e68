"""What a client is sent, as arrays: the few readings that several client tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
import requests

from tests.engine.server.images import PIXEL_GRID


def fetched(address: str) -> bytes:
    """Return what a link that a client was given leads to."""
    answer = requests.get(address, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content


def array(client: Any, image: Any) -> np.ndarray:
    """Return an image on the grid of the mounted images, as `computePixels` gives it."""
    return client.data.computePixels({"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": PIXEL_GRID})


def grey(values: np.ndarray) -> np.ndarray:
    """Return decibels -30..0 as bytes."""
    return np.clip((values.astype(np.float64) + 30) / 30 * 255, 0, 255)
