"""What an export request asks for, read once from the body that the client sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ee_floods.engine.assets.ids import asset_id
from ee_floods.engine.assets.pyramid import POLICIES
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.export.publish import DRIVE_BUCKET

__all__ = [
    "AssetTarget",
    "FileTarget",
    "GeoTiffOptions",
    "TFRecordOptions",
    "asset_target",
    "file_target",
    "geotiff_options",
    "max_pixels",
    "tfrecord_options",
]

_MAX_PIXELS = 100_000_000  # default of Export.image's maxPixels
_PATCH = 256
_SHARD_BYTES = 1 << 30  # default of maxSizeBytes (reference/rest/v1/ImageFileExportOptions)


@dataclass(frozen=True)
class FileTarget:
    """Where files go: a bucket, and what their names begin with."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """The link that the service gives as an operation's destination."""
        if self.bucket == DRIVE_BUCKET:
            return f"https://drive.google.com/#search?q={self.prefix}"
        folder = self.prefix.rpartition("/")[0]
        return f"https://console.developers.google.com/storage/browser/{self.bucket}/{folder}"


@dataclass(frozen=True)
class AssetTarget:
    """Which asset is made, and the pyramiding policy of each of its bands."""

    id: str
    overwrite: bool
    policy: str
    overrides: Mapping[str, str]

    @property
    def uri(self) -> str:
        """The link that the service gives as an operation's destination."""
        return f"https://code.earthengine.google.com/?asset={self.id}"


@dataclass(frozen=True)
class GeoTiffOptions:
    """Options of a GeoTIFF export; `tile` is the `(width, height)` of a file, None for one file."""

    cloud_optimized: bool
    nodata: float | None
    tile: tuple[int, int] | None
    skip_empty: bool


@dataclass(frozen=True)
class TFRecordOptions:
    """Options of a TFRecord export.

    Args:
        patch: `(height, width)` in pixels.
        margin: Rows above and below, columns left and right, of a patch: half the kernel.
        compress: GZIP.
        shard_bytes: Largest shard before compression.
        default: Written where a pixel is partly or wholly masked.
        max_masked: Patches with a larger share of masked pixels are dropped; other than 1, no mixer is
            written.
        collapse: All bands in one feature, named as the first band.
        depths: Numbers that are kept of each pixel of a band with array pixels, by band.
    """

    patch: tuple[int, int]
    margin: tuple[int, int]
    compress: bool
    shard_bytes: int
    default: float
    max_masked: float
    collapse: bool
    depths: Mapping[str, int]


def file_target(options: Mapping[str, Any], description: str) -> FileTarget:
    """Return where the files of `fileExportOptions` go.

    Raises:
        EngineError: If it names neither a bucket nor a Drive folder.
    """
    cloud, drive = options.get("cloudStorageDestination"), options.get("driveDestination")
    if cloud is not None:
        bucket = str(cloud.get("bucket") or "")
        if not bucket:
            raise bad_request("A Cloud Storage bucket must be specified.")
        return FileTarget(bucket, str(cloud.get("filenamePrefix") or description or "export"))
    if drive is not None:
        prefix = str(drive.get("filenamePrefix") or description or "export")
        folder = str(drive.get("folder") or "")
        return FileTarget(DRIVE_BUCKET, f"{folder}/{prefix}" if folder else prefix)
    raise bad_request("An export destination must be specified.")


def asset_target(options: Mapping[str, Any]) -> AssetTarget:
    """Return the asset that `assetExportOptions` names.

    Raises:
        EngineError: If it names none, or an unknown policy.
    """
    destination = options.get("earthEngineDestination") or {}
    name = str(destination.get("name") or "")
    if not name:
        raise bad_request("A destination asset must be specified.")
    overrides = {str(k): str(v).upper() for k, v in (options.get("pyramidingPolicyOverrides") or {}).items()}
    policy = str(options.get("pyramidingPolicy") or "MEAN").upper()
    for found in (policy, *overrides.values()):
        if found not in POLICIES:
            raise bad_request(f"Unknown pyramiding policy '{found}'.")
    return AssetTarget(asset_id(name), bool(destination.get("overwrite")), policy, overrides)


def geotiff_options(options: Mapping[str, Any]) -> GeoTiffOptions:
    """Return `geoTiffOptions` of `fileExportOptions`."""
    found = options.get("geoTiffOptions") or {}
    nodata = (found.get("noData") or {}).get("floatValue")
    tile = found.get("tileDimensions")
    return GeoTiffOptions(
        bool(found.get("cloudOptimized")),
        None if nodata is None else float(nodata),
        None if tile is None else (int(tile["width"]), int(tile["height"])),
        bool(found.get("skipEmptyFiles")),
    )


def tfrecord_options(options: Mapping[str, Any]) -> TFRecordOptions:
    """Return `tfRecordOptions` of `fileExportOptions`.

    Raises:
        EngineError: If a number is out of range, or sequences are asked for, which are not implemented.
    """
    found = options.get("tfRecordOptions") or {}
    if found.get("sequenceData"):
        raise EngineError(
            "TFRecord exports of sequences (sequenceData) are not implemented by the local engine."
        )
    depths = {str(name): int(depth) for name, depth in (found.get("tensorDepths") or {}).items()}
    if any(depth < 1 for depth in depths.values()):
        raise bad_request("Tensor depths must be > 0.")
    patch = found.get("tileDimensions") or {"width": _PATCH, "height": _PATCH}
    width, height = int(patch.get("width") or 0), int(patch.get("height") or 0)
    if width < 1 or height < 1:
        raise bad_request("Patch dimensions must be > 0.")
    kernel = found.get("marginDimensions") or {}
    margin = (int(kernel.get("height") or 0) // 2, int(kernel.get("width") or 0) // 2)
    if min(margin) < 0:
        raise bad_request("Kernel size must not be negative.")
    return TFRecordOptions(
        (height, width),
        margin,
        bool(found.get("compress")),
        int(_wrapped(found.get("maxSizeBytes"), _SHARD_BYTES)),
        float(_wrapped(found.get("defaultValue"), 0.0)),
        float(_wrapped(found.get("maxMaskedRatio"), 1.0)),
        bool(found.get("collapseBands")),
        depths,
    )


def max_pixels(request: Mapping[str, Any]) -> int:
    """Return the largest number of pixels that an export may have."""
    return int(_wrapped(request.get("maxPixels"), _MAX_PIXELS))


def _wrapped(value: Any, default: float) -> float:
    """Return a number that the client may have sent as `{"value": "7"}`."""
    if isinstance(value, Mapping):
        value = value.get("value")
    return default if value is None else float(value)
