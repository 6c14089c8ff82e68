"""Writes and reads `.keras` files; equal models give equal bytes.

A `.keras` file is a zip. Keras writes the date into its metadata and the time into its entries, so that the
same training run gave another checksum each time; the files written here hold neither.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path

from ee_floods.errors import CorruptFileError, InputError
from ee_floods.models.deeplab import segmenter as _registered  # noqa: F401  (its classes are found by name)
from ee_floods.models.keras_backend import Model, keras

__all__ = ["load_model", "save_model", "sha256_of"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip entry can hold


def save_model(model: Model, path: Path) -> str:
    """Write an uncompiled copy of a model whole or not at all, and return the file's SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A compiled model would carry its optimiser and loss along.
    bare: Model = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    partial = path.with_name(path.name + ".part")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "model.keras"
        bare.save(str(raw))
        with zipfile.ZipFile(raw) as source, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as target:
            for name in sorted(source.namelist()):
                data = source.read(name)
                if name == "metadata.json":
                    metadata = json.loads(data)
                    metadata.pop("date_saved", None)
                    data = json.dumps(metadata, sort_keys=True).encode()
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(entry, data)
    partial.replace(path)
    return sha256_of(path)


def load_model(path: Path) -> Model:
    """Return the model of a `.keras` file, uncompiled.

    Raises:
        InputError: If there is no such file.
        CorruptFileError: If Keras cannot read it.
    """
    if not path.is_file():
        raise InputError(f"There is no model file {path}.", remedy="Give a .keras file that training wrote.")
    try:
        # Safe mode refuses code inside the file: a model from somebody else cannot run anything.
        model: Model = keras.saving.load_model(str(path), compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CorruptFileError(
            f"{path} cannot be read as a Keras model ({first}).",
            remedy="Copy the file again, or use the ee-floods version that wrote it.",
        ) from error
    return model


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
