"""The wheel, in an empty environment and away from the repository, does the main job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def _run(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.skipif(not UV.is_file(), reason="uv is not in this environment; `make install` puts it there")
def test_the_wheel_alone_runs_the_quickstart(tmp_path: Path) -> None:
    _run(UV, "build", "--wheel", "--out-dir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("ee_floods-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert any(name.endswith("quickstart.yaml") for name in names)
    assert any(name.endswith("world.yaml") for name in names)
    assert any("leaflet" in name and "LICENSE" in name.upper() for name in names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]

    away = tmp_path / "away"
    away.mkdir()
    _run(UV, "venv", "--python", sys.executable, tmp_path / "env", cwd=away)
    python = tmp_path / "env" / "bin" / "python"
    _run(UV, "pip", "install", "--python", python, "--constraint", _versions(tmp_path), wheel, cwd=away)
    where = _run(python, "-c", "import ee_floods; print(ee_floods.__file__)", cwd=away)
    assert str(tmp_path / "env") in where
    _run(tmp_path / "env" / "bin" / "ee-floods", "quickstart", "-o", "out", cwd=away)
    report = json.loads((away / "out" / "report.json").read_text())
    assert report["metrics"]["student"]["pooled_iou"] > report["metrics"]["otsu"]["pooled_iou"]


def _versions(folder: Path) -> Path:
    """The lock without its hashes, so that it constrains the wheel's own requirements."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    path = folder / "constraints.txt"
    path.write_text(
        "\n".join(line.rstrip(" \\") for line in lines if not line.lstrip().startswith("--hash")) + "\n"
    )
    return path
