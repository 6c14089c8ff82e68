"""The command line: one thin module per group of commands, no logic."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run `ee-floods` and exit: 0 done, 1 failed, 2 bad usage, 3 partly done and resumable."""
    from ee_floods.cli.app import run

    raise SystemExit(run())
