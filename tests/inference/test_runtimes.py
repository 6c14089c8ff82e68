from pathlib import Path

import numpy as np
import pytest

from ee_floods.errors import CorruptFileError, EEFloodsError, InputError, ModelMismatchError
from tests.trained import write_model

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def runtime(path: Path):
    from ee_floods.inference.runtimes import FixedWindowRuntime

    return FixedWindowRuntime.load(path, window=48, cache=path.parent / "cache")


def windows(number: int, size: int) -> np.ndarray:
    batch = np.random.default_rng(5).uniform(-30, 0, (number, size, size, 2)).astype(np.float32)
    batch[:, 2:5, 3:9] = np.nan
    return batch


def test_graph_agrees_with_the_keras_file_for_any_number_of_windows(runtime, path: Path) -> None:
    from ee_floods.models.keras_model import KerasPredictor, sigmoid

    predictor = KerasPredictor.load(path)
    for number in (1, 3):
        batch = windows(number, 48)
        found = runtime.predict(batch)
        assert (found.shape, found.dtype) == ((number, 48, 48), np.float32)
        np.testing.assert_allclose(found, sigmoid(predictor.logits(batch)[..., 0]), atol=1e-5)
    assert runtime.max_difference < 1e-4


def test_second_load_takes_the_graph_from_the_cache(
    runtime, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ee_floods.inference import runtimes

    monkeypatch.setattr(runtimes, "_export", None)
    again = runtimes.FixedWindowRuntime.load(path, window=48, cache=path.parent / "cache")
    np.testing.assert_array_equal(again.predict(windows(1, 48)), runtime.predict(windows(1, 48)))
    (entry,) = (path.parent / "cache").iterdir()
    assert entry.name.startswith(f"{runtime.card.model_sha256[:32]}-48-")


def test_export_that_differs_is_refused_and_leaves_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ee_floods.inference import runtimes

    monkeypatch.setattr(runtimes, "TOLERANCE", -1.0)
    with pytest.raises(EEFloodsError, match="differs from it by"):
        runtimes.FixedWindowRuntime.load(path, window=16, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_wrong_window_is_named(runtime, path: Path) -> None:
    with pytest.raises(ModelMismatchError, match=r"takes \(N, 48, 48, 2\), received \(1, 32, 32, 2\)"):
        runtime.predict(windows(1, 32))
    with pytest.raises(InputError, match="`window`"):
        type(runtime).load(path, window=0)


def test_file_that_is_not_its_cards_is_refused(tmp_path: Path) -> None:
    from ee_floods.inference.runtimes import FixedWindowRuntime

    path = write_model(tmp_path)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CorruptFileError, match="SHA-256"):
        FixedWindowRuntime.load(path, window=16, cache=tmp_path)
