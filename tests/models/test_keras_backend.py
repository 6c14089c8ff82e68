import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.tf


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_not_a_line_on_stderr_from_import_to_prediction() -> None:
    code = """
import numpy as np
from ee_floods.models.deeplab.segmenter import DeepLabV3Plus
model = DeepLabV3Plus(("VV", "VH"), "tiny")
model.compile(jit_compile=False)
for size in range(16, 24):  # a sixth size makes TensorFlow warn of retracing
    model.predict_on_batch(np.zeros((1, size, size, 2), np.float32))
"""
    done = python(code)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_other_warnings_during_the_import_are_kept() -> None:
    code = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "keras":
            sys.stderr.write("something else is wrong\\n")
sys.meta_path.insert(0, Finder())
import ee_floods.models.keras_backend
"""
    assert python(code).stderr == "something else is wrong\n"


def test_user_who_asks_for_the_lines_sees_them() -> None:
    code = "import ee_floods.models.keras_backend"
    assert "absl" in python(code, TF_CPP_MIN_LOG_LEVEL="0").stderr


def test_listing_models_and_training_loads_neither_keras_nor_tensorflow() -> None:
    code = """
import sys
import ee_floods.models, ee_floods.models.predictor, ee_floods.models.registry, ee_floods.training
import ee_floods.models.deeplab, ee_floods.config.training, ee_floods.data.tfrecords, ee_floods.data.batches
print([name for name in ("keras", "tensorflow") if name in sys.modules])
"""
    assert python(code).stdout.strip() == "[]"
