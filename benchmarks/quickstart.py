"""Measure the README's table: installation, quickstart, tests, import, help; in a fresh clone.

    python benchmarks/quickstart.py [--skip-tests]

Writes `benchmarks/results/quickstart.json`. Times depend on the machine; a row carries its spread where it
was repeated. Run it with nothing else on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ee_floods.contracts.report import BenchmarkReport, BenchmarkRow, RunReport

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "quickstart.json"
REPEATS = 7


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--skip-tests", action="store_true", help="leave `make test` out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ee-floods-bench-") as folder:
        clone = Path(folder) / "clone"
        _run(["git", "clone", "--quiet", str(ROOT), str(clone)], cwd=ROOT)
        rows = [*_installation(clone), *_quickstart(clone), *_start_up(clone)]
        if not options.skip_tests:
            rows.append(_row("make test", _timed(["make", "test"], clone), "s", 15 * 60))
    commit = _run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT).strip()
    report = BenchmarkReport(
        machine={"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        commit=commit,
        command="python " + " ".join(["benchmarks/quickstart.py", *sys.argv[1:]]),
        rows=tuple(rows),
    )
    report.write(RESULT)
    for row in rows:
        print(f"{row.name:42} {row.value:>9} {row.unit:4} target {row.target} {row.note}")


def _installation(clone: Path) -> list[BenchmarkRow]:
    return [_row("make install, registry and cache warm", _timed(["make", "install"], clone), "s", 120)]


def _quickstart(clone: Path) -> list[BenchmarkRow]:
    seconds = _timed(["make", "quickstart"], clone)
    report = RunReport.read(clone / "quickstart" / "report.json")
    again = _timed(["make", "quickstart"], clone)
    rows = [
        _row("make quickstart, first run", seconds, "s", 240),
        _row("make quickstart, second run", again, "s", None),
        _row("peak memory, all processes", round(report.peak_memory_mib / 1024, 2), "GiB", 5),
    ]
    for name, score in report.metrics.items():
        note = "SIMULATED test chips, pooled water IoU"
        rows.append(BenchmarkRow(name=name, value=score.pooled_iou, unit="IoU", note=note))
    steps = json.dumps({step.name: round(step.seconds, 1) for step in report.steps})
    return [*rows, BenchmarkRow(name="steps", value=steps, unit="s")]


def _start_up(clone: Path) -> list[BenchmarkRow]:
    python = str(clone / ".venv" / "bin" / "python")
    program = str(clone / ".venv" / "bin" / "ee-floods")
    commands = {
        "import ee_floods": ([python, "-c", "import ee_floods"], 0.2),
        "ee-floods --help": ([program, "--help"], 0.6),
    }
    rows = []
    for name, (command, target) in commands.items():
        times = [_timed(command, clone) for _ in range(REPEATS)]
        middle = round(statistics.median(times), 3)
        spread = (round(min(times), 3), round(max(times), 3))
        rows.append(
            BenchmarkRow(name=name, value=middle, unit="s", target=target, met=middle < target, spread=spread)
        )
    return rows


def _row(name: str, value: float, unit: str, target: float | None) -> BenchmarkRow:
    met = None if target is None else value < target
    return BenchmarkRow(name=name, value=round(value, 2), unit=unit, target=target, met=met)


def _timed(command: list[str], cwd: Path) -> float:
    start = time.perf_counter()
    _run(command, cwd=cwd)
    return time.perf_counter() - start


def _run(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
