"""Importing this module loads all that a worker needs.

The fork server imports it once, so that workers start with every algorithm in memory.
"""

from __future__ import annotations

from ee_floods.engine import worker
from ee_floods.engine.registry import algorithms

__all__ = ["worker"]

algorithms()
