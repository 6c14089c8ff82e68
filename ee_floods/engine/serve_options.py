"""What a local engine is told at its start, checked before anything is started."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ee_floods.engine.server.faults import DEFAULT_KINDS, check_kinds
from ee_floods.errors import ConfigError

__all__ = ["ServeOptions"]

_LONGEST_LATENCY_MS = 300_000.0  # the service's own time limit of a request


@dataclass(frozen=True)
class ServeOptions:
    """How a local engine serves.

    Args:
        state: Folder that holds assets, tasks and objects; made if it is missing.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        public_url: URL under which other machines reach it, where that is not `http://HOST:PORT`.
        project: Project whose root folder exists from the start.
        mounts: Asset root id and folder of each mounted folder.
        workers: Processes for interactive requests; by default the number of cores, at least two.
        world: Whether the simulated world answers for the real dataset ids.
        limits: Whether the service's limits hold.
        require_token: Whether callers on this machine must show a token too; others always must.
        latency_ms: Every answer waits this long.
        fault_rate: Share of requests that meet a fault, 0..1.
        fault_kinds: Kinds of those faults, of `FAULT_KINDS`.
        seed: Seed of the faults.
        ready_file: Written, as JSON with `url`, `project`, `pid` and `state`, once the server answers.
        parent_pid: The server ends when this process does.
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None
    project: str = "local"
    mounts: tuple[tuple[str, Path], ...] = ()
    workers: int | None = None
    world: bool = True
    limits: bool = True
    require_token: bool = False
    latency_ms: float = 0.0
    fault_rate: float = 0.0
    fault_kinds: tuple[str, ...] = DEFAULT_KINDS
    seed: int = 0
    ready_file: Path | None = None
    parent_pid: int | None = None

    @property
    def guarded(self) -> bool:
        """Whether callers must show a token: where they are told so, or may sit at another machine."""
        return self.require_token or self.public_url is not None or not self.on_this_machine

    @property
    def on_this_machine(self) -> bool:
        """Whether it listens on loopback alone."""
        return _is_loopback(self.host)

    def check(self) -> None:
        """Raise `ConfigError` unless these options can be served."""
        for root_id, path in self.mounts:
            if not path.is_dir():
                raise ConfigError(
                    f"The folder {path} to be mounted as {root_id} does not exist.",
                    remedy="Give a folder of GeoTIFFs.",
                )
        if not 0 <= self.fault_rate <= 1:
            raise ConfigError(
                f"`fault_rate` must be in 0..1, received {self.fault_rate}.", remedy="0.1 is one in ten."
            )
        if not 0 <= self.latency_ms <= _LONGEST_LATENCY_MS:
            raise ConfigError(
                f"`latency_ms` must be in 0..{_LONGEST_LATENCY_MS:.0f}, received {self.latency_ms}.",
                remedy="200 is a far-away server.",
            )
        check_kinds(self.fault_kinds)
        if self.public_url is not None:
            _check_url(self.public_url)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_url(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ConfigError(
            f"`public_url` must be a scheme, a host and maybe a port, received {text!r}.",
            remedy="https://engine.example.org or http://192.168.0.7:8080.",
        )
