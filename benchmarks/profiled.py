"""Where a worker spends its time: its calls made again in this process, under cProfile."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["Replay", "slowest"]

Replay = tuple[str, tuple[Any, ...]]
"""One call of a worker: its name among `CALLS`, and the arguments after the session."""


def slowest(mounts: Mapping[str, Path], calls: Sequence[Replay], count: int = 4, warm: int = 1) -> str:
    """Return the functions with the largest share of the time of some calls, as `name 31 %`."""
    from ee_floods.engine.deep import deeply
    from ee_floods.engine.state.folder import StateFolder
    from ee_floods.engine.storage.store import ObjectStore
    from ee_floods.engine.worker import CALLS, open_session
    from ee_floods.engine.worker_options import WorkerOptions

    with tempfile.TemporaryDirectory(prefix="ee-floods-profile-") as name:
        folder = StateFolder(Path(name))
        folder.create()
        options = WorkerOptions(folder.root, "local", tuple(mounts.items()), world=True, limits=True)
        session = open_session(options, lambda fraction: None)
        ObjectStore(session.created._database, folder).ensure_bucket("local")
        for call, arguments in calls[:warm]:
            CALLS[call](session, *arguments)
        profile = cProfile.Profile()

        def replay() -> None:
            profile.enable()
            for call, arguments in calls[warm:]:
                CALLS[call](session, *arguments)
            profile.disable()

        deeply(replay)  # a profile sees one thread
    stats = pstats.Stats(profile)
    times: dict[str, float] = {}
    for (path, _, function), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        place = Path(path).stem if path not in ("~", "") else ""
        key = f"{place}.{function}" if place else function.strip("<>")
        times[key] = times.get(key, 0.0) + own
    total = sum(times.values()) or 1.0
    with suppress(BrokenPipeError):
        stats.sort_stats("cumulative").print_stats(45)
        stats.sort_stats("tottime").print_stats(25)
    best = sorted(times.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{key} {own / total:.0%}" for key, own in best)
