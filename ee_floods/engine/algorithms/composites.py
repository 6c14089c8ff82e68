"""Images from collections, and collections combined with collections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ee_floods.engine.bands import unique_names
from ee_floods.engine.compositing import images_of, mosaic, quality_mosaic, reduce_images, stack_reduce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, algorithms, register
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, element_index
from ee_floods.engine.values.image import Image
from ee_floods.engine.values.reducer import Reducer

register("ImageCollection.mosaic", mosaic)
register("ImageCollection.qualityMosaic", quality_mosaic)


@algorithm("ImageCollection.reduce")
def reduce_collection(collection: Collection, reducer: Reducer, parallel: float) -> Image:
    """Pixel by pixel over the images; bands are named `B_median`."""
    return reduce_images(collection, reducer)


def _plain(name: str) -> None:
    def apply(collection: Collection) -> Image:
        maker = algorithms()[f"Reducer.{name}"]
        defaults = [argument.default for argument in maker.signature.arguments]
        if name in ("min", "max"):
            defaults = [1]
        return reduce_images(collection, maker.function(*defaults), plain_names=True)

    register(f"reduce.{name}", apply)


for _name in ("min", "max", "count", "sum", "product", "mean", "and", "or", "median", "mode"):
    _plain(_name)


@algorithm("ImageCollection.toBands")
def to_bands(collection: Collection) -> Image:
    """All bands of all images, named `index_band`."""
    images = images_of(collection)
    bands = [b.renamed(f"{element_index(image)}_{b.name}") for image in images for b in image.bands]
    if len(bands) > 5000:
        raise bad_request(f"Too many bands: {len(bands)}; the maximum is 5000.")
    footprints = [image.footprint for image in images]
    return Image(tuple(unique_names(bands)), {}, footprints[0] if len(footprints) == 1 else None)


@algorithm("ImageCollection.combine")
def combine(primary: Collection, secondary: Collection, overwrite: bool) -> Collection:
    """Images of both collections with the same index, bands added."""
    add = algorithms()["Image.addBands"].function

    def elements() -> Iterator[Element]:
        others = {element_index(element): element for element in secondary}
        for element in primary:
            other = others.get(element_index(element))
            if isinstance(other, Image) and isinstance(element, Image):
                yield add(element, other, None, overwrite)

    return primary.derived(elements)


@algorithm("ImageCollection.cast")
def cast(collection: Collection, types: dict[str, Any], order: list[str]) -> Collection:
    """Every image cast to the same types."""
    one = algorithms()["Image.cast"].function
    return collection.mapped(lambda image: one(image, types, order))


@algorithm("Image.reduce")
def reduce_image(image: Image, reducer: Reducer) -> Image:
    """Pixel by pixel over the bands; bands are named by the reducer's outputs."""
    if not image.bands:
        return image
    type_ = image.bands[0].type
    for band in image.bands[1:]:
        type_ = type_.union(band.type)
    if reducer.inputs == 1:
        rows = [[band] for band in image.bands]
    elif reducer.inputs == len(image.bands):
        rows = [list(image.bands)]
    else:
        raise bad_request(
            f"The reducer has {reducer.inputs} inputs, but the image has {len(image.bands)} bands."
        )
    bands = stack_reduce(list(reducer.outputs), reducer, rows, type_, footprints=False)
    kept = [_placed(band, image) for band in bands]
    return image.with_bands(kept)


def _placed(band: Any, image: Image) -> Any:
    import dataclasses

    first = image.first()
    return dataclasses.replace(band, projection=first.projection, size=first.size)
