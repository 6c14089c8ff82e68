"""Map an event: the radar of a pass is read from Earth Engine, a model maps it, the product is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.workflows import ancillary
from ee_floods.workflows.predict import check_output
from ee_floods.workflows.watch import Watch

if TYPE_CHECKING:
    from ee_floods.catalog.event import FloodEvent
    from ee_floods.inference.radar_file import RadarScene
    from ee_floods.inference.raster import FloodRaster
    from ee_floods.models.predictor import Predictor
    from ee_floods.query.passes import RadarPass

__all__ = ["map_event", "map_event_file", "read_pass"]


def map_event_file(
    predictor: Predictor,
    event_id: str,
    output: Path,
    *,
    source: Path | None = None,
    watch: Watch | None = None,
) -> FloodRaster:
    """Map an event by its id or name, of the catalogue or of a file of events; see `map_event`."""
    from ee_floods.catalog import events

    return map_event(predictor, events.get(event_id, source=source), output, watch=watch)


def map_event(
    predictor: Predictor,
    event: FloodEvent,
    output: Path,
    *,
    radar: RadarPass | None = None,
    watch: Watch | None = None,
) -> FloodRaster:
    """Map the flood of an event and write the product; the session's Earth Engine is read directly.

    Args:
        predictor: A model that needs radar alone.
        event: The event.
        output: Path of the product, a COG.
        radar: The pass to map; None takes the one nearest to the peak, clouds or not.
        watch: Told of progress.

    Raises:
        NoScenesError: If no pass of Sentinel-1 covers the event.
        ServiceError: If Earth Engine refuses.
    """
    from ee_floods.inference.product_file import write_product
    from ee_floods.inference.scene import map_scene
    from ee_floods.query.passes import find_pass

    seen = watch or Watch()
    check_output(output)
    with seen.step("read the scene"):
        chosen = radar or find_pass(event, scale=_scale(predictor))
        scene = read_pass(chosen, event.name)
        layers = ancillary.from_session(chosen.grid, scene.provenance)
        seen.say(f"{chosen.grid.width} x {chosen.grid.height} pixels of {chosen.time:%Y-%m-%d %H:%M} UTC")
    with seen.step("map the scene"):
        raster = map_scene(
            predictor,
            scene,
            reference=layers.reference,
            terrain=layers.terrain,
            event=event.name,
            progress=lambda done, total: seen.advance(done, total, "windows"),
        )
        write_product(output, raster)
    return raster


def read_pass(radar: RadarPass, name: str) -> RadarScene:
    """Return a pass of Sentinel-1 as a scene, read from the session's Earth Engine."""
    from ee_floods.contracts.chip import S1_BANDS
    from ee_floods.inference.radar_file import RadarScene
    from ee_floods.query.sentinel1 import pass_image
    from ee_floods.service.pixels import compute_observed
    from ee_floods.session import provenance

    image = pass_image(radar.ids, scale=radar.grid.scale)
    return RadarScene(
        grid=radar.grid,
        bands=compute_observed(image, radar.grid, S1_BANDS),
        name=name,
        provenance=provenance(image),
        observed_at=radar.time,
        scene_ids=tuple(scene.rsplit("/", 1)[-1] for scene in radar.ids),
    )


def _scale(predictor: Predictor) -> float:
    """Pixel size in m that a model learned from; 10 m, Sentinel-1's own, for one that did not learn."""
    return 10.0 if predictor.card is None else predictor.card.scale_m
