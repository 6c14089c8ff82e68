from pathlib import Path

import numpy as np
import pytest

from ee_floods.config.training import TrainingConfig
from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import InputError
from tests.synthetic_chips import write_dataset

pytestmark = pytest.mark.tf

TINY = TrainingConfig(preset="tiny", steps=4, batch_size=4, crop=32, validate_every=2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> ChipDataset:
    return ChipDataset.open(write_dataset(tmp_path_factory.mktemp("ds"), train=6, hand=3, validation=2))


@pytest.fixture(scope="module")
def teacher(dataset: ChipDataset, tmp_path_factory: pytest.TempPathFactory):
    from ee_floods.training.supervised import train_supervised

    return train_supervised(dataset, role="teacher", config=TINY, out=tmp_path_factory.mktemp("t"))


def test_student_sees_radar_alone_and_names_its_teacher(dataset, teacher, tmp_path: Path) -> None:
    from ee_floods.training.distillation import train_student

    before = teacher.path.read_bytes()
    student = train_student(dataset, teacher, config=TINY, out=tmp_path)
    assert student.path.name == "student.keras"
    assert student.card.bands == ("VV", "VH")
    assert student.card.training.chips == {"hand": 3, "unlabelled": 3, "validation": 2}
    assert student.card.training.settings["teacher_sha256"] == teacher.card.model_sha256
    assert teacher.path.read_bytes() == before
    again = train_student(dataset, teacher.path, config=TINY, out=tmp_path / "again.keras")
    assert again.card.model_sha256 == student.card.model_sha256


def test_targets_are_hand_labels_and_the_teachers_logits_where_it_sees(dataset, teacher) -> None:
    from ee_floods.models.keras_model import KerasPredictor
    from ee_floods.training.distillation import _load

    predictor = KerasPredictor.load(teacher.path)
    chips = dataset.manifest.split("train")
    inputs, targets = _load(dataset, chips, ("VV", "VH"), predictor, TINY)
    assert np.isfinite(targets).all()
    for place, chip in enumerate(chips):
        bands = dataset.read(chip, (*predictor.bands, "cloud_score", "label"))
        radar = np.isfinite(bands["VV"])
        np.testing.assert_array_equal(inputs[place, ..., 1], bands["VH"])
        np.testing.assert_array_equal(targets[place, ..., 0], np.where(radar, bands["label"], -1))
        np.testing.assert_array_equal(targets[place, ..., 2] > 0, radar & (bands["cloud_score"] >= 0.6))
        probability = predictor.probability({band: bands[band] for band in predictor.bands})
        soft = 1 / (1 + np.exp(-targets[place, ..., 1]))
        np.testing.assert_allclose(soft[radar], probability[radar], atol=1e-5)


def test_soft_labels_under_cloud_do_not_reach_the_loss(dataset, teacher, tmp_path: Path) -> None:
    """With a threshold that no pixel reaches, only the hand-labelled chips are left."""
    from ee_floods.training.distillation import train_student

    blind = TINY.model_copy(update={"min_cloud_score": 1.0})
    student = train_student(dataset, teacher, config=blind, out=tmp_path)
    assert student.card.training.chips["unlabelled"] == 0
    assert student.card.training.settings["teacher_sees"] == 0


def test_nothing_to_learn_from_is_said(teacher, tmp_path: Path) -> None:
    from ee_floods.training.distillation import train_student

    bare = ChipDataset.open(write_dataset(tmp_path / "ds", train=2, hand=0, validation=1))
    with pytest.raises(InputError, match="nothing to learn from"):
        train_student(bare, teacher, config=TINY.model_copy(update={"min_cloud_score": 1.0}), out=tmp_path)


def test_student_of_soft_labels_alone_learns_its_teacher(dataset, teacher, tmp_path: Path) -> None:
    """Without a single hand label in the training chips the loss still falls."""
    from ee_floods.training.distillation import train_student

    bare = ChipDataset.open(write_dataset(tmp_path / "ds", train=4, hand=0, validation=1))
    losses: list[float] = []
    config = TINY.model_copy(update={"steps": 12, "learning_rate": 1e-2, "distillation_weight": 1.0})
    student = train_student(
        bare, teacher, config=config, out=tmp_path, progress=lambda s, n, v: losses.append(v["loss"])
    )
    assert student.card.training.chips["hand"] == 0
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
