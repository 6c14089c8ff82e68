"""The layers beside the radar: reference water and terrain, from files or from the session's Earth Engine.

Real radar is never combined with simulated layers: a layer of the session is read only if its provenance
is of the radar's kind, and nothing of it is requested otherwise.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.contracts.provenance import Provenance
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from ee_floods.inference.scene import ReferenceWater, Terrain

__all__ = ["Ancillary", "from_files", "from_session"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ancillary:
    """The layers that were found; None where there is none."""

    reference: ReferenceWater | None = None
    terrain: Terrain | None = None


def from_files(grid: Grid, *, occurrence: Path | None, hand: Path | None) -> Ancillary:
    """Read layers from files.

    Args:
        grid: The scene's grid.
        occurrence: Raster of JRC occurrence in %, nodata where JRC has none.
        hand: Raster of height above nearest drainage in m.
    """
    from ee_floods.data.layers import read_layer
    from ee_floods.inference.scene import ReferenceWater, Terrain

    return Ancillary(
        ReferenceWater(
            read_layer(occurrence, grid),
            source=occurrence.name,
            provenance=Provenance(files=(occurrence.name,)),
        )
        if occurrence
        else None,
        Terrain(read_layer(hand, grid, resampling="bilinear"), provenance=Provenance(files=(hand.name,)))
        if hand
        else None,
    )


def from_session(grid: Grid, radar: Provenance) -> Ancillary:
    """Read layers from the session's Earth Engine.

    Args:
        grid: The scene's grid.
        radar: Provenance of the radar; layers that are simulated while it is not are left unread.
    """
    from ee_floods.inference.scene import ReferenceWater, Terrain
    from ee_floods.query.terrain import hand_image, terrain_slope_image
    from ee_floods.query.water import occurrence_image
    from ee_floods.service.pixels import compute_observed
    from ee_floods.session import provenance

    images = {"occurrence": occurrence_image(), "hand": hand_image(), "slope": terrain_slope_image()}
    origins = {name: provenance(image) for name, image in images.items()}
    usable = [name for name, origin in origins.items() if radar.simulated or not origin.simulated]
    if len(usable) < len(images):
        logger.warning(
            "The radar is real, the session's layers are simulated: normal water and terrain not assessed."
        )
        return Ancillary()
    pixels = {name: compute_observed(image, grid, [name])[name] for name, image in images.items()}
    return Ancillary(
        ReferenceWater(pixels["occurrence"], provenance=origins["occurrence"]),
        Terrain(
            pixels["hand"],
            pixels["slope"],
            provenance=origins["hand"].merged(origins["slope"]),
        ),
    )
