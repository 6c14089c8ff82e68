"""Which Sentinel-1 and Sentinel-2 scenes of an event make a pair."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["MIN_CLEAR_SCORE", "OrderKey", "PairingRule"]

OrderKey = Literal["cloud", "hours", "overlap", "peak"]


MIN_CLEAR_SCORE = 0.6
"""Cloud Score+ `cs_cdf`, 0..1, from which a pixel is clear, as in the data set's own example."""


class PairingRule(BaseModel):
    """The rule by which scenes are paired; every limit that rejects a scene is named in the report.

    The paper gives neither its window nor its cloud limit; each default says where it is from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_hours: float = Field(default=48.0, gt=0, le=24 * 15)
    """Hours between Sentinel-1 and Sentinel-2 at most, either first. 48 h: Sen1Floods11's scenes are at most
    two days apart."""

    min_overlap: float = Field(default=0.5, gt=0, le=1)
    """Share of the event's area, 0..1, that both sensors must have seen. Half: below it most chips of a pair
    are empty on one side."""

    max_cloud: float = Field(default=0.3, ge=0, le=1)
    """Cloudy share of Sentinel-2's pixels over the event, 0..1, at most. Chips keep their cloud score, so
    that cloudy pixels are left out later; a scene with more cloud has little to teach."""

    min_clear_score: float = Field(default=MIN_CLEAR_SCORE, gt=0, lt=1)
    """Cloud Score+ `cs_cdf`, 0..1, from which a pixel is clear."""

    orbit: Literal["any", "ascending", "descending"] = "any"
    """Direction of Sentinel-1's pass."""

    relative_orbit: int | None = Field(default=None, ge=1, le=175)
    """Sentinel-1's relative orbit, 1..175; None takes any."""

    require_dual_pol: bool = True
    """Whether Sentinel-1 must have VV and VH; chips hold both."""

    days_before: float = Field(default=0.0, ge=0, le=30)
    """Days before the event's start in which scenes are looked for."""

    days_after: float = Field(default=2.0, ge=0, le=30)
    """Days after the event's end in which scenes are looked for: water stays longer than the news."""

    order: tuple[OrderKey, ...] = ("cloud", "hours")
    """How competing pairs are ranked, first key first: least `cloud` (in steps of 0.1, so that a hair of
    cloud does not outweigh a day), fewest `hours` apart, greatest `overlap`, nearest to the event's `peak`.
    Each pass is used in one pair only."""

    max_pairs: int | None = Field(default=None, ge=1)
    """Pairs of an event at most, best first; None keeps all."""

    @field_validator("order")
    @classmethod
    def _each_once(cls, order: tuple[OrderKey, ...]) -> tuple[OrderKey, ...]:
        if not order or len(set(order)) != len(order):
            raise ValueError("name each key once: cloud, hours, overlap, peak")
        return order
