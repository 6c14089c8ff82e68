"""The codec against TensorFlow's own reader and writer."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ee_floods.contracts.tfrecord import decode_example, encode_example, read_records, write_records
from ee_floods.errors import CorruptFileError

GOLDEN = Path(__file__).parents[1] / "golden"


@given(
    floats=hnp.arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32, allow_nan=False)),
    integers=hnp.arrays(np.int64, st.integers(0, 20), elements=st.integers(-(2**63), 2**63 - 1)),
    texts=st.lists(st.binary(max_size=20), max_size=4),
)
def test_an_example_comes_back_as_it_was(
    floats: np.ndarray, integers: np.ndarray, texts: list[bytes]
) -> None:
    back = decode_example(encode_example({"f": floats, "i": integers, "t": texts}))
    np.testing.assert_array_equal(back["f"], floats)
    np.testing.assert_array_equal(back["i"], integers)
    assert back["t"] == texts


@pytest.mark.parametrize("length", [1, 2, 11, 12, 50])
def test_a_file_cut_short_names_the_record(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.tfrecord"
    write_records(path, [encode_example({"VV": np.arange(9, dtype=np.float32)})] * 3)
    data = path.read_bytes()
    path.write_bytes(data[:-length])
    with pytest.raises(CorruptFileError, match="record 2 cannot be read"):
        list(read_records(path))


def test_a_gzip_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrecord.gz"
    write_records(path, [encode_example({"VV": np.random.default_rng(0).random(999, np.float32)})])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorruptFileError, match="record 0"):
        list(read_records(path))


@pytest.mark.parametrize("position", [0, 9, 15, -2])
def test_one_flipped_bit_is_found(tmp_path: Path, position: int) -> None:
    path = tmp_path / "a.tfrecord"
    write_records(path, [encode_example({"VV": np.arange(9, dtype=np.float32)})])
    data = bytearray(path.read_bytes())
    data[position] ^= 4
    path.write_bytes(bytes(data))
    with pytest.raises(CorruptFileError, match="checksum"):
        list(read_records(path))


def test_bytes_depend_on_the_content_alone(tmp_path: Path) -> None:
    example = encode_example({"b": np.ones(3, np.float32), "a": np.zeros(3, np.float32)})
    write_records(tmp_path / "x.tfrecord.gz", [example])
    write_records(tmp_path / "y.tfrecord.gz", [example])
    assert (tmp_path / "x.tfrecord.gz").read_bytes() == (tmp_path / "y.tfrecord.gz").read_bytes()


def test_the_golden_file_written_by_tensorflow_reads() -> None:
    (payload,) = read_records(GOLDEN / "chip.tfrecord.gz")
    chip = decode_example(payload)
    assert sorted(chip) == ["VH", "VV", "label"]
    np.testing.assert_array_equal(chip["VV"], np.linspace(-25, -5, 16, dtype=np.float32))
    np.testing.assert_array_equal(chip["label"][:3], np.array([-9999, 0, 1], np.float32))


@pytest.mark.tf
def test_tensorflow_reads_what_is_written_here(tmp_path: Path) -> None:
    import tensorflow as tf

    path = tmp_path / "a.tfrecord.gz"
    values = np.random.default_rng(1).normal(size=(5, 64)).astype(np.float32)
    count = write_records(
        path,
        (encode_example({"VV": row, "n": np.array([i, -i]), "t": [b"x"]}) for i, row in enumerate(values)),
    )
    assert count == 5
    for i, record in enumerate(tf.data.TFRecordDataset(str(path), compression_type="GZIP")):
        example = tf.train.Example.FromString(record.numpy()).features.feature
        np.testing.assert_array_equal(np.float32(example["VV"].float_list.value), values[i])
        assert list(example["n"].int64_list.value) == [i, -i]
        assert list(example["t"].bytes_list.value) == [b"x"]


@pytest.mark.tf
@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_what_tensorflow_writes_reads_here(tmp_path: Path, compression: str) -> None:
    import tensorflow as tf

    path = tmp_path / ("a.tfrecord.gz" if compression else "a.tfrecord")
    values = np.random.default_rng(2).normal(size=300).astype(np.float32)
    feature = {
        "VV": tf.train.Feature(float_list=tf.train.FloatList(value=values)),
        "id": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"one", b"two"])),
        "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[-5, 2**40])),
        "nothing": tf.train.Feature(),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type=compression)) as writer:
        writer.write(example)
    back = decode_example(next(read_records(path)))
    np.testing.assert_array_equal(back["VV"], values)
    assert back["id"] == [b"one", b"two"]
    assert back["n"].tolist() == [-5, 2**40]
    assert len(back["nothing"]) == 0


def test_bytes_that_are_no_example_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match=r"not a tf\.train\.Example"):
        decode_example(b"\x0a\xff\xff\xff\x7f")
    path = tmp_path / "notes.tfrecord.gz"
    path.write_bytes(gzip.compress(b"some text that is no record at all"))
    with pytest.raises(CorruptFileError, match="checksum of its length"):
        list(read_records(path))
