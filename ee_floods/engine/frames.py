"""What a worker answers about collections of images: descriptions, animations, film strips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.assets.resources import computed_resource
from ee_floods.engine.errors import bad_request
from ee_floods.engine.evaluator import EvaluatedImage
from ee_floods.engine.export.grids import check_request, default_grid
from ee_floods.engine.paging import first_of_page, size_of_page
from ee_floods.engine.reply import Blob, Document
from ee_floods.engine.session import WorkerSession
from ee_floods.engine.tiles.animation import animation, film_strip
from ee_floods.grid import Grid

__all__ = ["FRAME_ANSWERS"]

_PAGE = 1000  # images of one page, unless the client asks for fewer (reference/rest/v1, computeImages)
_FRAMES_PER_SECOND = 10.0  # the service's default is not published
_GIF = "image/gif"


def images(session: WorkerSession, body: Mapping[str, Any]) -> Document:
    """Answer `imageCollection:computeImages`, a page at a time."""
    first, size = first_of_page(body.get("pageToken")), size_of_page(body.get("pageSize"), _PAGE)
    found = list(islice(session.interactive.images(_expression(body)), first, first + size + 1))
    answer: dict[str, Any] = {"images": [computed_resource(image) for image in found[:size]]}
    if len(found) > size:
        answer["nextPageToken"] = str(first + size)
    return Document(answer, _uses(found))


def check_frames(session: WorkerSession, body: Mapping[str, Any]) -> Document:
    """Evaluate the first frame of a `videoThumbnails` request, so that its errors come when it is made."""
    found = list(islice(session.interactive.images(_expression(body)), 1))
    if not found:
        raise bad_request("The image collection of a video must have at least one image.")
    return Document({}, _uses(found))


def video(session: WorkerSession, body: Mapping[str, Any]) -> Blob:
    """Answer the pixels of a `videoThumbnails` request: an animated GIF."""
    file_format = str(body.get("fileFormat") or "GIF")
    if file_format not in ("GIF", "AUTO_JPEG_PNG"):
        raise bad_request(f"Unsupported video thumbnail format: '{file_format}'. Only GIF is.")
    speed = float((body.get("videoOptions") or {}).get("framesPerSecond") or _FRAMES_PER_SECOND)
    if not 0 < speed <= 100:
        raise bad_request(f"Frames per second must be in (0, 100], received {speed}.")
    found = list(session.interactive.images(_expression(body)))
    frames = [image.read(grid) for image, grid in _frames(session, found)]
    return Blob(animation(frames, speed), _GIF, _uses(found))


def filmstrip(session: WorkerSession, body: Mapping[str, Any]) -> Blob:
    """Answer the pixels of a `filmstripThumbnails` request: the frames one below the other."""
    file_format = str(body.get("fileFormat") or "PNG")
    if file_format not in ("PNG", "JPEG", "AUTO_JPEG_PNG"):
        raise bad_request(f"Unsupported filmstrip format: '{file_format}'.")
    found = list(session.interactive.images(_expression(body)))
    frames = [image.read(grid) for image, grid in _frames(session, found)]
    payload, media_type = film_strip(frames, file_format)
    return Blob(payload, media_type, _uses(found))


def _frames(session: WorkerSession, found: list[EvaluatedImage]) -> Iterable[tuple[EvaluatedImage, Grid]]:
    """Return each image with the grid of the first, after checking that all of it may be asked for."""
    if not found:
        raise bad_request("The image collection of a video must have at least one image.")
    grid = default_grid(found[0])
    for image in found:
        if len(image.bands) not in (1, 3) or any(band.dtype != "uint8" for band in image.bands):
            raise bad_request(
                "Videos can only be created of images with one or three bands of bytes: visualize them."
            )
    tall = Grid(grid.crs, grid.transform, (grid.height * len(found), grid.width))
    check_request(tall, found[0].bands, session.limits)
    return [(image, grid) for image in found]


def _uses(found: Iterable[EvaluatedImage]) -> tuple[AssetUse, ...]:
    return tuple(sorted({use for image in found for use in image.assets}))


def _expression(body: Mapping[str, Any]) -> Mapping[str, Any]:
    expression = body.get("expression")
    if not isinstance(expression, Mapping):
        raise bad_request("Missing required field: 'expression'.")
    return expression


FRAME_ANSWERS: dict[str, Callable[..., Any]] = {
    "images": images,
    "check_frames": check_frames,
    "video": video,
    "filmstrip": filmstrip,
}
"""The functions of this module, by the name that the server calls them by."""
