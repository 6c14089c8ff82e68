"""The mixer: the JSON that Earth Engine writes beside TFRecord shards and takes back at import.

Its layout is Earth Engine's own (`projection`, `patchDimensions`, `patchesPerRow`, `totalPatches`), so a
mixer from the service and one written here read alike.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ee_floods.errors import CorruptFileError
from ee_floods.grid import Grid

__all__ = ["Mixer"]


@dataclass(frozen=True)
class Mixer:
    """How patches of a TFRecord export tile a grid.

    Args:
        grid: The whole grid, a whole number of patches.
        patch: `(height, width)` of a patch in pixels, without kernel margins.
    """

    grid: Grid
    patch: tuple[int, int]

    def __post_init__(self) -> None:
        if self.grid.height % self.patch[0] or self.grid.width % self.patch[1]:
            raise CorruptFileError(
                f"A mixer of {self.grid.shape} pixels is not a whole number of patches of {self.patch}.",
                remedy="Pad the grid with `Grid.padded_to` before exporting.",
            )

    @property
    def patches_per_row(self) -> int:
        """Patches from left to right."""
        return self.grid.width // self.patch[1]

    @property
    def total_patches(self) -> int:
        """Patches in all, row-major."""
        return self.patches_per_row * (self.grid.height // self.patch[0])

    def to_json(self) -> str:
        """Return the mixer as Earth Engine writes it."""
        document = {
            "projection": {
                "crs": self.grid.crs,
                "affine": {"doubleMatrix": list(self.grid.transform)},
            },
            # Earth Engine's order is width, height.
            "patchDimensions": [self.patch[1], self.patch[0]],
            "patchesPerRow": self.patches_per_row,
            "totalPatches": self.total_patches,
        }
        return json.dumps(document, indent=2)

    @classmethod
    def from_json(cls, text: str, source: str = "mixer") -> Mixer:
        """Read a mixer.

        Args:
            text: The JSON.
            source: Where it came from, for messages.

        Raises:
            CorruptFileError: If it is not a mixer, or its numbers contradict each other.
        """
        try:
            document: dict[str, Any] = json.loads(text)
            transform = [float(v) for v in document["projection"]["affine"]["doubleMatrix"]]
            width, height = (int(v) for v in document["patchDimensions"])
            per_row, total = int(document["patchesPerRow"]), int(document["totalPatches"])
            crs = str(document["projection"]["crs"])
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptFileError(
                f"{source} is not a TFRecord mixer ({type(error).__name__}: {error}).",
                remedy="Give the `mixer.json` that the export wrote beside its shards.",
            ) from error
        if min(width, height, per_row, total) < 1 or len(transform) != 6 or total % per_row:
            raise CorruptFileError(
                f"{source} names {total} patches of {width}x{height} in rows of {per_row}: not a rectangle.",
                remedy="Export again; a mixer is written only with maskedThreshold 1.",
            )
        a, b, c, d, e, f = transform
        shape = (total // per_row * height, per_row * width)
        return cls(Grid(crs, (a, b, c, d, e, f), shape), (height, width))
