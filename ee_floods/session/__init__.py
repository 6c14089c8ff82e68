"""Which Earth Engine answers: the real one or the local one; chosen once, never at import."""

from __future__ import annotations

from ee_floods.session.connection import connect, current
from ee_floods.session.record import Session
from ee_floods.session.sources import provenance

__all__ = ["Session", "connect", "current", "provenance"]
