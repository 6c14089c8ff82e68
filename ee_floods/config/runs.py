"""A training run as a person writes it: the data set, the settings, and where the model goes."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ee_floods.config.training import TrainingConfig

__all__ = ["TrainingRun"]


class TrainingRun(BaseModel):
    """One training run; paths are relative to the file that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Path
    """Folder with `dataset.json`."""
    output: Path
    """Path of the `.keras` file; its card is written beside it."""
    teacher: Path | None = None
    """The teacher's `.keras` file; needed for a student."""
    label: str = "label"
    """Label band to learn from: `label`, `weak_s1` or `weak_s2`."""
    training: TrainingConfig = TrainingConfig()

    def relative_to(self, folder: Path) -> TrainingRun:
        """Return the run with its paths resolved against a folder."""
        return self.model_copy(
            update={
                "dataset": folder / self.dataset,
                "output": folder / self.output,
                "teacher": None if self.teacher is None else folder / self.teacher,
            }
        )
