"""What a person writes to train a model."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["STUDENT_BANDS", "TEACHER_BANDS", "TrainingConfig"]

STUDENT_BANDS = ("VV", "VH")
"""What is there through clouds and at night."""

TEACHER_BANDS = ("VV", "VH", "B2", "B3", "B4", "B8", "B11", "B12")
"""Radar, the 10 m bands of Sentinel-2 and its short-wave infrared, where water is darkest against land. The
bands left out are red edge, close to B8, and the 60 m ones, which measure the atmosphere. The paper's choice
is not in its available text."""


class TrainingConfig(BaseModel):
    """Settings of one training run; frozen, and written into the model's card.

    The defaults suit a laptop: 150 steps of 8 crops take a quarter of a minute on two cores. None of
    them is known from the paper (its available text gives no constants).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: tuple[str, ...] | None = None
    """Input bands in order; by default `TEACHER_BANDS` for a teacher and `STUDENT_BANDS` for all others."""
    preset: str = "light"
    """Size of the network: `light`, or `tiny` for tests."""
    output_stride: Literal[8, 16] = 16
    decoder_strides: tuple[int, ...] = (4, 2)
    """Strides at which fine features join the decoder; 2 keeps narrow rivers (four pixels are 40 m)."""

    steps: int = Field(150, ge=1)
    batch_size: int = Field(8, ge=1)
    crop: int = Field(128, ge=16)
    """Side of the training crops in pixels."""
    augment: bool = True
    """Random flips and quarter turns."""
    seed: int = Field(0, ge=0, lt=2**32)

    learning_rate: float = Field(3e-3, gt=0)
    """Peak; AdamW."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """`cosine` falls to zero at the last step, so that the running moments of batch normalisation settle."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises to its peak."""
    weight_decay: float = Field(1e-4, ge=0)
    clip_norm: float = Field(1.0, gt=0)
    """Limit of the gradient's global norm."""
    class_weight: float = Field(1.0, gt=0)
    """Weight of water pixels against dry ones; above 1 trades precision for recall."""

    temperature: float = Field(2.0, gt=0)
    """Both logits are divided by it in the distillation loss, which is multiplied by its square."""
    distillation_weight: float = Field(0.7, ge=0, le=1)
    """Weight of the teacher's soft labels; the hand labels have the rest."""
    hand_share: float = Field(0.25, ge=0, le=1)
    """Share of hand-labelled chips in a student's batches. On simulated pairs (40 of 184 chips hand-labelled)
    shares of 0.25 and 0.5, temperatures 1 and 2, weights 0.7 and 0.9 all lay within three points of IoU."""
    min_cloud_score: float = Field(0.6, ge=0, le=1)
    """Below this Cloud Score+ the teacher cannot see, and does not teach. 0.6 is the clear threshold of the
    example in Earth Engine's catalogue entry for Cloud Score+."""

    validate_every: int = Field(30, ge=1)
    """Steps between validations; the best weights are kept."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.bands is not None and len(set(self.bands)) != len(self.bands):
            raise ValueError(f"bands {self.bands!r} names a band twice")
        if self.bands is not None and not self.bands:
            raise ValueError("bands is empty")
        return self
