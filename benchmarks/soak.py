"""Let clients work against a faulty local engine for minutes, and look at every pixel and every task.

    python benchmarks/soak.py [--minutes 10] [--clients 8] [--fault-rate 0.1] [--seed 0] [--kill worker]

Each client reads pixels, tiles and values, exports to a bucket and to an asset, imports and deletes, all
through the package's own service layer and the real client. The mounted data are made by a formula, so that
every pixel is compared. `--kill worker` kills a worker at a third of the time; `--kill server` that, and at
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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.mounted import small_scene
from benchmarks.served import PeakMemory, Served
from benchmarks.soak_clients import MOUNT, SCENES, SIDE, Client, Tally, prepare
from ee_floods.contracts.report import BenchmarkReport, BenchmarkRow
from ee_floods.session import connect

__all__ = ["Outcome", "soak"]

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "soak.json"
FAULTS = "429,500,503,drop,truncate,slow"
_WARM_UP = 0.2  # share of the time before memory counts
_FLAT = 0.01  # share of its mean that memory may grow by in a minute
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
        samples: Times in s and memory of all the engine's processes in MiB.
        kills: What was killed.
        steady_until: Time in s at which the server was killed, with all that it held.
    """

    tally: Tally
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    again: int
    samples: tuple[tuple[float, float], ...]
    kills: tuple[str, ...]
    steady_until: float

    @property
    def peak_mib(self) -> float:
        """Greatest memory."""
        return max(used for _, used in self.samples)

    @property
    def growth(self) -> float:
        """Share of its mean by which memory grew in a minute, after the first fifth of the time."""
        begin, end = self.samples[0][0], min(self.samples[-1][0], self.steady_until)
        late = np.array([s for s in self.samples if begin + _WARM_UP * (end - begin) <= s[0] <= end])
        slope = np.polyfit(late[:, 0], late[:, 1], 1)[0]  # MiB a second
        return float(slope * 60 / late[:, 1].mean())


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
    return (
        BenchmarkRow(name="minutes", value=minutes, unit="min", note=f"faults {FAULTS}{kills}"),
        BenchmarkRow(name="works finished", value=sum(done.values()), unit="", note=counts),
        BenchmarkRow(name="pixels compared", value=tally.pixels, unit=""),
        _none("wrong pixels", tally.wrong),
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
            name="growth of memory after warm-up", value=round(100 * outcome.growth, 2), unit="%/min",
            target=100 * _FLAT, met=outcome.growth < _FLAT,
            note=f"of {len(outcome.samples)} samples after the first fifth of the time",
        ),
    )  # fmt: skip


def _none(name: str, found: int, note: str = "") -> BenchmarkRow:
    return BenchmarkRow(name=name, value=found, unit="", target=0, met=found == 0, note=note)


if __name__ == "__main__":
    main()
