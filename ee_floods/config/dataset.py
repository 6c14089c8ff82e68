"""What a person writes to ask for a data set: events, pairing rule, size of the chips, labels, splits."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ee_floods.config.pairing import PairingRule
from ee_floods.contracts.chip import BANDS, PATCH, STACK_BANDS

__all__ = ["DatasetSpec", "SplitSpec"]


class SplitSpec(BaseModel):
    """Which events go into which split: named ones first, the others drawn by a hash of their id.

    An event is never torn apart by a split, so that no chip's neighbour is in another one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    fractions: dict[str, float] = {"train": 0.7, "validation": 0.15, "test": 0.15}
    seed: int = 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = [*self.train, *self.validation, *self.test]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"events in more than one split: {', '.join(twice)}")
        unknown = sorted(set(self.fractions) - {"train", "validation", "test"})
        if unknown:
            raise ValueError(f"unknown splits {', '.join(unknown)}; known: train, validation, test")
        if abs(sum(self.fractions.values()) - 1) > 1e-6:
            raise ValueError(f"fractions sum to {sum(self.fractions.values()):g}, not 1")
        return self

    @property
    def rule(self) -> str:
        """The rule in words, for `dataset.json`."""
        shares = ", ".join(f"{name} {share:g}" for name, share in self.fractions.items())
        return (
            f"by event; named events first, the others by hash of the event id ({shares}; seed {self.seed})"
        )

    def split_of(self, event_id: str) -> str:
        """Return the split of an event."""
        from ee_floods.grid import assign_split

        for name in ("train", "validation", "test"):
            if event_id in getattr(self, name):
                return name
        return assign_split(event_id, self.fractions, seed=self.seed)


class DatasetSpec(BaseModel):
    """A data set to build."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Names the folder in the bucket too: a-z, 0-9 and `-`."""
    events: tuple[str, ...] = Field(min_length=1)
    """Ids of events in `event_source`."""
    event_source: str | None = None
    """Where events are listed: a GeoJSON or CSV file (relative to this file's folder), or `asset:ID` of a
    table. None takes the tables of the session's project."""
    pairing: PairingRule = PairingRule(max_pairs=1)
    scale: Literal[10, 16] = 10
    """Pixel size in m."""
    patch: int = Field(default=PATCH, ge=32, le=1024)
    """Side of a chip in pixels."""
    patches: tuple[int, int] | None = None
    """Rows and columns of patches cut from the middle of each event; None takes the whole event."""
    bands: tuple[str, ...] = STACK_BANDS
    labels: str | None = None
    """Source of hand labels, such as `asset:projects/p/assets/labels`; None leaves `label` masked."""
    unlabelled: tuple[str, ...] = ()
    """Events whose hand labels are withheld, as most floods have none."""
    split: SplitSpec = SplitSpec()

    def relative_to(self, folder: Path) -> DatasetSpec:
        """Return the specification with the path of its event file resolved against a folder."""
        source = self.event_source
        if source is None or source.startswith("asset:"):
            return self
        return self.model_copy(update={"event_source": str(folder / source.removeprefix("file:"))})

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = [band for band in self.bands if band not in BANDS]
        if unknown:
            raise ValueError(f"unknown bands {', '.join(unknown)}; known: {', '.join(BANDS)}")
        if len(set(self.events)) != len(self.events):
            raise ValueError("an event is named twice")
        if self.patches is not None and min(self.patches) < 1:
            raise ValueError("patches must be at least [1, 1]")
        return self
