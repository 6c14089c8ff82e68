"""One engine for all client tests, with images whose every pixel is known; no client is patched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.scenes import write_scenes
from tests.engine.conftest import other_sessions_untouched
from tests.engine.engine_process import EngineProcess
from tests.engine.server.conftest import bucket, client, connect, finished
from tests.engine.server.images import MOUNT, write_images

__all__ = ["bucket", "client", "connect", "finished", "other_sessions_untouched"]


@pytest.fixture(scope="session")
def local_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with the mounted images of the server tests, and Sentinel-2 scenes under their real id."""
    folder: Path = tmp_path_factory.mktemp("mounted")
    images = folder / "images"
    images.mkdir()
    write_images(images)
    mounts = {MOUNT: images, **write_scenes(folder)}
    engine = EngineProcess(tmp_path_factory.mktemp("engine") / "state", mounts).start()
    yield engine
    engine.stop()
