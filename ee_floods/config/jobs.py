"""A scheduled job as a person writes it: what to build, on which Earth Engine, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ee_floods.config.dataset import DatasetSpec

__all__ = ["JobSpec"]


class JobSpec(BaseModel):
    """One job; `export_jobs/*.yaml` are of this form."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["ee-floods/job/1.0"] = Field(alias="schema")
    engine: Literal["earthengine", "local"]
    """Which Earth Engine: a job never leaves it to chance."""
    project: str | None = None
    """Cloud project; needed for the real Earth Engine."""
    bucket: str | None = None
    """Cloud Storage bucket of the export tasks; None takes the settings', or the local engine's own."""
    output: Path
    """Folder of the data set, relative to the job's file."""
    dataset: DatasetSpec
