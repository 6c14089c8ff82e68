"""The quickstart as data: its events, its networks, the event that it maps."""

from __future__ import annotations

from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from ee_floods.config.dataset import DatasetSpec
from ee_floods.config.training import TrainingConfig
from ee_floods.config.yaml import parse_yaml

__all__ = ["QuickstartSpec", "default_quickstart"]


class QuickstartSpec(BaseModel):
    """What the quickstart does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: DatasetSpec
    mapped_event: str
    """The event of the test split whose scene is mapped and published."""
    asset: str
    """Asset id of the map."""
    teacher: TrainingConfig = TrainingConfig()
    student: TrainingConfig = TrainingConfig()
    supervised: TrainingConfig = TrainingConfig()
    weak_label: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.dataset.split.split_of(self.mapped_event) != "test":
            raise ValueError(f"mapped_event {self.mapped_event!r} is not of the test split")
        return self


def default_quickstart() -> QuickstartSpec:
    """Return the quickstart that comes with the package (`config/quickstart.yaml`)."""
    source = files("ee_floods.config") / "quickstart.yaml"
    return parse_yaml(source.read_text(encoding="utf-8"), QuickstartSpec, "quickstart.yaml")
