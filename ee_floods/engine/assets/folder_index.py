"""What the images of a mounted folder are, without opening every file for every question.

Ten thousand files take seconds to open. So what was found out about a file is kept until the file, or the
JSON beside it, changes: in memory, and in the state folder for the next worker and the next start.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ee_floods.engine.assets.footprints import Bounds, bounds_of, footprint_of
from ee_floods.engine.assets.geotiff import SUFFIXES, GeoTiffInfo, inspect
from ee_floods.engine.assets.zarrstore import inspect_store, is_store
from ee_floods.engine.errors import bad_request
from ee_floods.grid import Grid

__all__ = ["FolderIndex", "MountedFile", "read_document"]

_FORMAT = 1  # of the kept index; another number is as good as none
_KEYS = frozenset({"properties", "startTime", "endTime", "bands", "simulated"})
_WORTH_KEEPING = 100  # files opened since the index was last written

Stamp = tuple[int, ...]
"""Time and size of a raster and of the JSON beside it; another stamp is another file."""


@dataclass(frozen=True)
class MountedFile:
    """One raster of a folder.

    Args:
        path: The file.
        info: What its header says.
        document: The JSON beside it, empty if there is none.
        bounds: West, south, east and north in degrees.
    """

    path: Path
    info: GeoTiffInfo
    document: Mapping[str, Any]
    bounds: Bounds | None

    @classmethod
    def opened(cls, path: Path) -> MountedFile:
        """Return what a file says.

        Raises:
            EngineError: If it is no raster, or the text beside it no JSON.
        """
        info = inspect_store(path) if is_store(path) else inspect(path)
        document = read_document(path.with_suffix(".json"))
        unknown = sorted(set(document) - _KEYS)
        if unknown:
            raise bad_request(
                f"'{path.stem}.json' has the unknown keys {unknown}. It may have {sorted(_KEYS)}; what "
                "belongs to the image goes under 'properties'."
            )
        return cls(path, info, document, bounds_of(footprint_of(info.grid)))

    @property
    def footprint(self) -> dict[str, Any]:
        """Its outline as GeoJSON, made when asked: ten thousand of them would fill memory."""
        return footprint_of(self.info.grid)


class FolderIndex:
    """The rasters of one folder, in order of name.

    Args:
        folder: The folder.
        root: Links out of this folder are not followed.
        kept: File that the index is kept in; None keeps it in memory alone.
    """

    def __init__(self, folder: Path, root: Path, kept: Path | None) -> None:
        self._folder, self._root, self._kept = folder, root, kept
        self._known: dict[str, tuple[Stamp, MountedFile]] | None = None

    @classmethod
    def kept_under(cls, folder: Path, root: Path, cache: Path | None) -> FolderIndex:
        """Return the index of a folder, kept in a file of its own in `cache`."""
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]
        return cls(folder, root, None if cache is None else cache / f"{name}.json")

    def files(self) -> list[MountedFile]:
        """Return the rasters as they are now.

        Raises:
            EngineError: If a file is not what its name says.
        """
        known = self._load() if self._known is None else self._known
        found: dict[str, tuple[Stamp, MountedFile]] = {}
        opened = 0
        try:
            for name, stamp in self._stamps():
                held = known.get(name)
                if held is None or held[0] != stamp:
                    path, opened = self._folder / name, opened + 1
                    held = (stamp, MountedFile.opened(path))
                found[name] = held
        finally:
            # After an error the next call goes on where this one ended.
            self._known = found if len(found) > len(known) else {**known, **found}
        self._known = found
        if opened >= _WORTH_KEEPING:
            self._keep()
        return [entry for _, entry in found.values()]

    def _stamps(self) -> Iterator[tuple[str, Stamp]]:
        rasters: dict[str, Stamp] = {}
        documents: dict[str, Stamp] = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                stem, suffix = os.path.splitext(entry.name)  # noqa: PTH122 - ten thousand `Path`s take a while
                if suffix not in SUFFIXES and suffix != ".json":
                    continue
                if entry.is_symlink() and self._root not in Path(entry.path).resolve().parents:
                    continue
                if not entry.is_file():
                    continue
                status = entry.stat()
                if suffix == ".json":
                    documents[stem] = (status.st_mtime_ns, status.st_size)
                else:
                    rasters[entry.name] = (status.st_mtime_ns, status.st_size)
        stems = {name: os.path.splitext(name)[0] for name in rasters}  # noqa: PTH122
        for name in sorted(rasters, key=lambda name: (stems[name], name)):
            yield name, (*rasters[name], *documents.get(stems[name], ()))

    def _load(self) -> dict[str, tuple[Stamp, MountedFile]]:
        if self._kept is None:
            return {}
        try:
            held = json.loads(self._kept.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}  # not kept yet, or by hand made unreadable: the files themselves say it all
        if held.get("format") != _FORMAT or held.get("folder") != str(self._folder):
            return {}
        return {
            name: (tuple(stamp), MountedFile(self._folder / name, _info(info), document, tuple(bounds)))
            for name, stamp, info, document, bounds in held["files"]
        }

    def _keep(self) -> None:
        if self._kept is None or self._known is None:
            return
        files = [
            (name, stamp, asdict(entry.info), entry.document, entry.bounds)
            for name, (stamp, entry) in self._known.items()
        ]
        held = {"format": _FORMAT, "folder": str(self._folder), "files": files}
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        partial = self._kept.with_name(f"{self._kept.name}.{os.getpid()}.part")
        partial.write_text(json.dumps(held), encoding="utf-8")
        partial.replace(self._kept)


def read_document(path: Path) -> Mapping[str, Any]:
    """Return the JSON object of a file; empty if there is no file or it holds something else.

    Raises:
        EngineError: If it is not JSON.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise bad_request(f"'{path.name}' is not JSON ({error}).") from error
    return document if isinstance(document, dict) else {}


def _info(held: Mapping[str, Any]) -> GeoTiffInfo:
    grid = held["grid"]
    a, b, c, d, e, f = grid["transform"]
    height, width = grid["shape"]
    return GeoTiffInfo(
        Grid(grid["crs"], (a, b, c, d, e, f), (height, width)),
        tuple(held["names"]),
        tuple(held["dtypes"]),
        tuple(held["overviews"]),
        held["simulated"],
        held["has_crs"],
        held["tags"],
    )
