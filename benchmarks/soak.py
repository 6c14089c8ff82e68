"""Let clients work against a faulty local engine for minutes, and look at every pixel and every task.

    python benchmarks/soak.py [--minutes 10] [--clients 8] [--fault-rate 0.1] [--seed 0] [--kill worker]

Each client reads pixels, tiles and values, exports to a bucket and to an asset, imports and deletes, all
through the package's own service layer and the real client. The mounted data are made by a formula, so that
every pixel is compared.

Memory is flat if what the engine holds *between* works does not grow. Works in flight raise the memory of all
processes by half for seconds, at random, so that the slope of every sample says more about when works fell
than about a leak. A leak raises the lowest level as much as the highest: so the least memory of each ten
seconds of the run's second half is fitted by a line. It is flat if the line's slope with twice its standard
error lies below 1 % of the mean a minute; the note has each process's slope, so that a leak has a name.

`--kill worker` kills a worker at a third of the time; `--kill server` that, and at
two thirds the server, which starts again.
Writes `benchmarks/results/soak.json`.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.mounted import small_scene
from benchmarks.served import PeakMemory, Served
from benchmarks.soak_clients import MOUNT, SCENES, SIDE, Client, Tally, prepare
from ee_floods.contracts.report import BenchmarkReport, BenchmarkRow
from ee_floods.session import connect

__all__ = ["Outcome", "soak"]

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "soak.json"
FAULTS = "429,500,503,drop,truncate,slow"
_WARM_UP = 0.5  # share of the time before memory counts: caches and heaps fill first
_FLAT = 0.01  # share of its mean that memory may grow by in a minute
_FLOOR_S = 10.0  # seconds of which the least memory counts
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a soak found.

    Args:
        tally: What the clients did and saw.
        lost: Descriptions of tasks that were submitted and did not end well.
        doubled: Descriptions of exports that the engine ran more than once.
        again: Imports that the client sent again, because an answer was lost: it sends no id with them.
        samples: Times in s and memory of each of the engine's processes in MiB.
        kills: What was killed.
        steady_until: Time in s at which the server was killed, with all that it held.
    """

    tally: Tally
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    again: int
    samples: tuple[tuple[float, Mapping[str, float]], ...]
    kills: tuple[str, ...]
    steady_until: float

    @property
    def peak_mib(self) -> float:
        """Greatest memory."""
        return max(sum(used.values()) for _, used in self.samples)

    @property
    def growth(self) -> tuple[float, float]:
        """Share of its mean by which memory between works grew in a minute, and twice its standard error."""
        slope, error, mean = _trend(self._floors(lambda used: sum(used.values())))
        return slope / mean, 2 * error / mean

    def by_process(self) -> str:
        """Return what each process held between works in the second half, MiB, and its growth a minute."""
        totals: dict[str, tuple[float, float]] = {}
        for role in sorted({role for _, used in self.samples for role in used}):
            floors = self._floors(lambda used, role=role: used.get(role, math.nan))
            if len(floors) > 2:
                slope, _, mean = _trend(floors)
                totals[role] = (mean, slope)
        return ", ".join(f"{role} {mean:.0f} MiB {slope:+.2f}/min" for role, (mean, slope) in totals.items())

    def _floors(self, of: Callable[[Mapping[str, float]], float]) -> NDArray[np.float64]:
        """Return `(minutes, MiB)` of the least memory in each ten seconds of the second half."""
        begin, end = self.samples[0][0], min(self.samples[-1][0], self.steady_until)
        first = begin + _WARM_UP * (end - begin)
        least: dict[int, tuple[float, float]] = {}
        for at, used in self.samples:
            size = of(used)
            if first <= at <= end and not math.isnan(size):
                window = int((at - first) // _FLOOR_S)
                least[window] = min(least.get(window, (math.inf, at)), (size, at))
        return np.array([((at - first) / 60, size) for size, at in least.values()], dtype=np.float64)


def _trend(points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return slope, its standard error (infinite for fewer than three points), and mean of `(x, y)`."""
    if len(points) < 3:
        return 0.0, math.inf, float(points[:, 1].mean()) if len(points) else math.nan
    from scipy.stats import linregress

    line = linregress(points[:, 0], points[:, 1])
    return float(line.slope), float(line.stderr), float(points[:, 1].mean())


@dataclass
class _Killer:
    """Kills a worker at a third of the time, and, if it is asked to, the server at two thirds."""

    served: Served
    port: int
    what: str
    begin: float
    seconds: float
    done: list[str] = field(default_factory=list)
    server_killed: float = math.inf

    def look(self) -> None:
        """Kill what is due."""
        if not self.what:
            return
        passed = (time.monotonic() - self.begin) / self.seconds
        if passed > 1 / 3 and not self.done:
            workers = self.served.workers()
            os.kill(workers[len(workers) // 2], signal.SIGKILL)
            self.done.append("a worker")
        elif passed > 2 / 3 and len(self.done) == 1 and self.what == "server":
            self.server_killed = time.monotonic()
            self.served.kill()
            self.served.start(self.port)
            self.done.append("the server")


def soak(
    folder: Path, *, minutes: float, clients: int, fault_rate: float, seed: int, kill: str = ""
) -> Outcome:
    """Run clients against an engine of their own and return what was found.

    Args:
        folder: For data and state.
        minutes: How long the clients begin new work; what has begun is finished.
        clients: Threads, each with its own draw and ledger.
        fault_rate: Share of requests that meet a fault.
        seed: Of faults and of what the clients do.
        kill: What is killed on the way: nothing, `worker`, or `server` (and a worker before it).
    """
    data = folder / "scenes"
    data.mkdir(parents=True)
    for number in range(SCENES):
        small_scene(data, number, SIDE)
    port = _free_port()
    served = Served(
        folder / "state", {MOUNT: data},
        "--no-world", "--fault-rate", str(fault_rate), "--fault-kinds", FAULTS, "--seed", str(seed),
    )  # fmt: skip
    tally = Tally()
    with served.start(port), connect(url=served.url, replace=True) as session:
        prepare(session)
        deadline = time.monotonic() + 60 * minutes
        workers = [
            Client(number, session, folder, random.Random(f"{seed}/{number}"), tally, deadline)
            for number in range(clients)
        ]
        threads = [threading.Thread(target=client.run, daemon=True) for client in workers]
        killer = _Killer(served, port, kill, time.monotonic(), 60 * minutes)
        with PeakMemory(served, every_s=1.0) as memory:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                time.sleep(0.2)
                killer.look()
        lost, doubled, again = _tasks(workers)
    return Outcome(
        tally, lost, doubled, again, tuple(memory.samples), tuple(killer.done), killer.server_killed
    )


def _tasks(clients: Sequence[Client]) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return the tasks that did not succeed, the exports run twice, and how many imports were sent again."""
    operations = clients[0].operations()
    states = {str(each["name"]): str(each["metadata"].get("state")) for each in operations}
    times = Counter(str(each["metadata"].get("description")) for each in operations)
    submitted = [record for client in clients for record in client.ledger.records()]
    lost = {each.description for each in submitted if states.get(each.operation) != "SUCCEEDED"}
    lost |= {name for name, state in states.items() if state not in _ENDED}
    exports = {each.description for each in submitted if each.kind == "image:export"}
    doubled = {name for name in exports if times[name] > 1}
    again = sum(number - 1 for name, number in times.items() if name not in exports)
    return tuple(sorted(lost)), tuple(sorted(doubled)), again


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Soak, print, and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--fault-rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kill", choices=("", "worker", "server"), default="", help="kill on the way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ee-floods-soak-") as folder:
        outcome = soak(
            Path(folder), minutes=options.minutes, clients=options.clients, fault_rate=options.fault_rate,
            seed=options.seed, kill=options.kill,
        )  # fmt: skip
    rows = report_rows(outcome, options.minutes)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    BenchmarkReport(
        machine={"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        commit=commit.stdout.strip() or "none",
        command="python " + " ".join(["benchmarks/soak.py", *sys.argv[1:]]),
        rows=rows,
    ).write(RESULT)
    for row in rows:
        print(f"{row.name:42} {row.value:>10} {row.unit:8} target {row.target} {row.note}")
    if any(row.met is False for row in rows):
        raise SystemExit(1)


def report_rows(outcome: Outcome, minutes: float) -> tuple[BenchmarkRow, ...]:
    """Return the figures of a soak beside their targets."""
    tally = outcome.tally
    done = Counter(tally.done)
    tasks = sum(done[kind] for kind in ("export", "asset", "import"))
    kills = f"; killed on the way: {', '.join(outcome.kills)}" if outcome.kills else ""
    counts = ", ".join(f"{number} {kind}" for kind, number in sorted(done.items()))
    first = "; ".join(tally.failures[:3])
    growth, error = outcome.growth
    return (
        BenchmarkRow(name="minutes", value=minutes, unit="min", note=f"faults {FAULTS}{kills}"),
        BenchmarkRow(name="works finished", value=sum(done.values()), unit="", note=counts),
        BenchmarkRow(name="pixels compared", value=tally.pixels, unit=""),
        _none("wrong pixels", tally.wrong, "; ".join(tally.differing[:3])),
        _none("works given up", len(tally.failures), first),
        BenchmarkRow(name="tasks submitted", value=tasks, unit=""),
        _none("tasks lost", len(outcome.lost), ", ".join(outcome.lost[:3])),
        _none("exports doubled", len(outcome.doubled), ", ".join(outcome.doubled[:3])),
        BenchmarkRow(
            name="imports sent again", value=outcome.again, unit="",
            note="the client sends no request id with an import whose answer was lost",
        ),
        BenchmarkRow(name="peak memory, all processes", value=round(outcome.peak_mib), unit="MiB"),
        BenchmarkRow(
            name="growth of memory after warm-up", value=round(100 * growth, 2), unit="%/min",
            target=100 * _FLAT, met=growth + error < _FLAT,
            note=f"+- {100 * error:.2f} (2 standard errors), of what is held between works in the second "
            f"half: {outcome.by_process()}",
        ),
    )  # fmt: skip


def _none(name: str, found: int, note: str = "") -> BenchmarkRow:
    return BenchmarkRow(name=name, value=found, unit="", target=0, met=found == 0, note=note)


if __name__ == "__main__":
    main()
