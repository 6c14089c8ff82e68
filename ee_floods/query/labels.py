"""Hand labels as a graph: the images of an asset that were drawn for an event at a pair's time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, cast, get_args

from ee_floods.errors import InputError, suggest
from ee_floods.methods.coarsen import majority_image

if TYPE_CHECKING:
    import ee

__all__ = ["LABEL_WINDOW", "LabelSource", "label_image", "parse_label_source"]

_NATIVE_M = 10.0
"""Labels are drawn on the 10 m pixels of Sentinel-2."""

Kind = Literal["asset", "sen1floods11", "folder"]

LABEL_WINDOW = timedelta(hours=24)
"""How far from the Sentinel-2 pass a label may have been drawn: labels are drawn on one image, and the next
passes over the same place 2 to 5 days later."""


@dataclass(frozen=True)
class LabelSource:
    """Where hand labels come from.

    Args:
        kind: `asset`, `sen1floods11` or `folder`.
        location: Asset id, folder, or `gs://` address.
    """

    kind: Kind
    location: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.location}"


def parse_label_source(text: str) -> LabelSource:
    """Return the source that a configuration names: `asset:ID`, `sen1floods11:PATH` or `folder:DIR`.

    Raises:
        InputError: If the kind is unknown or nothing follows it.
    """
    kind, colon, location = text.partition(":")
    if not colon or kind not in get_args(Kind) or not location:
        raise InputError(
            f"`label_source` {text!r} is not of the form asset:ID, sen1floods11:PATH or folder:DIR.",
            remedy=suggest(kind, get_args(Kind)),
        )
    return LabelSource(cast("Kind", kind), location)


def label_image(source: LabelSource, event_id: str, time: datetime, *, scale: float = _NATIVE_M) -> ee.Image:
    """Return a graph with the float band `label`: -1 invalid, 0 dry, 1 water, masked where nobody drew.

    Args:
        source: An `asset`: a collection of images with the property `event`, `system:time_start` and a band
            `label`. Where labels overlap, the one nearest in time lies on top.
        event_id: Id of the event.
        time: Of the Sentinel-2 pass, UTC.
        scale: Pixel size in m of the grid that will be asked for; above 10 m the majority of valid pixels.

    Raises:
        InputError: If the source is not an asset: files on this machine cannot be read by a graph.
    """
    if source.kind != "asset":
        raise InputError(
            f"`label_source` {source} lies outside Earth Engine, and a graph reads assets only.",
            remedy="Upload the labels as an image collection with the properties `event` and "
            "`system:time_start`, and name it as asset:ID.",
        )
    import ee

    moment = ee.Date(time.isoformat())
    span = LABEL_WINDOW.total_seconds() / 3600

    def prepared(image: ee.Image) -> ee.Image:
        # Before the mosaic, while the label still has the projection that it was drawn in.
        label = image.select("label")
        drawn = majority_image(label, scale / _NATIVE_M) if scale > _NATIVE_M else label
        apart = image.date().difference(moment, "hour").abs()
        done: ee.Image = ee.Image(drawn.toFloat().set("hours_apart", apart))
        return done

    drawn = (
        ee.ImageCollection(source.location)
        .filter(ee.Filter.eq("event", event_id))
        .filterDate(moment.advance(-span, "hour"), moment.advance(span, "hour"))
        .map(prepared)
        .sort("hours_apart", False)
    )
    # Without an image of the event a mosaic would have no band: this one lies under all others.
    nothing = ee.Image.constant(-1).toFloat().rename("label").updateMask(0)
    whole: ee.Image = ee.ImageCollection([nothing]).merge(drawn).mosaic()
    return whole
