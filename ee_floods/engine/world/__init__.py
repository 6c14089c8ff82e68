"""The simulated world: SIMULATED scenes of floods anywhere at any date, from noise and simple physics."""

from __future__ import annotations

from ee_floods.engine.world.library import WorldLibrary

__all__ = ["WorldLibrary"]
