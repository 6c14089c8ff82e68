"""google-cloud-storage against the local engine."""

import base64

import google_crc32c
import pytest

from ee_floods.errors import CorruptFileError, InputError
from ee_floods.service.faults import NotFoundError
from ee_floods.service.storage import SIMULATED_KEY, Storage, StorageUri


@pytest.fixture
def storage(engine_session):
    return Storage(engine_session)


@pytest.fixture
def folder(storage, request):
    storage.ensure_bucket("storage-tests")
    storage.ensure_bucket("storage-tests")
    return StorageUri("storage-tests", request.node.name)


def test_what_is_uploaded_is_listed_and_read_back(storage, folder, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc" * 1000)
    written = storage.upload(tmp_path / "a.bin", folder / "a.bin", metadata={SIMULATED_KEY: "true"})
    storage.upload(b"text", folder / "deep/b.txt")
    assert written.size == 3000
    assert written.metadata == {SIMULATED_KEY: "true"}
    assert written.crc32c == base64.b64encode(google_crc32c.value(b"abc" * 1000).to_bytes(4, "big")).decode()
    assert [item.uri.name.rpartition("/")[2] for item in storage.list(folder)] == ["a.bin", "b.txt"]
    assert storage.read(folder / "deep/b.txt") == b"text"


def test_the_same_bytes_again_are_left_alone_and_others_refused(storage, folder):
    first = storage.upload(b"one", folder / "x")
    assert storage.upload(b"one", folder / "x").generation == first.generation
    with pytest.raises(InputError, match="exists with other content"):
        storage.upload(b"two", folder / "x")
    assert storage.upload(b"two", folder / "x", overwrite=True).generation > first.generation
    assert storage.read(folder / "x") == b"two"


def test_a_claim_that_somebody_wrote_meanwhile_is_seen(storage, folder, monkeypatch):
    storage.upload(b"theirs", folder / "claim")
    look, calls = storage.stat, []

    def late(uri):
        calls.append(uri)
        return None if len(calls) == 1 else look(uri)  # the first look was before they wrote

    monkeypatch.setattr(storage, "stat", late)
    with pytest.raises(InputError, match="exists with other content"):
        storage.upload(b"mine", folder / "claim")
    assert storage.upload(b"theirs", folder / "claim").size == 6


def test_a_download_that_was_cut_short_goes_on(storage, folder, tmp_path):
    data = bytes(range(256)) * 400
    stored = storage.upload(data, folder / "big")
    partial = tmp_path / f".big.{stored.generation}.part"
    partial.write_bytes(data[:50_000])
    assert storage.download(folder / "big", tmp_path / "big").read_bytes() == data
    assert not partial.exists()


def test_a_damaged_part_does_not_pass(storage, folder, tmp_path):
    data = bytes(range(256)) * 400
    stored = storage.upload(data, folder / "big")
    partial = tmp_path / f".big.{stored.generation}.part"
    partial.write_bytes(b"\0" * 50_000)
    with pytest.raises(CorruptFileError, match="checksum"):
        storage.download(folder / "big", tmp_path / "big")
    assert not (tmp_path / "big").exists()
    assert storage.download(folder / "big", tmp_path / "big").read_bytes() == data


def test_a_file_that_is_whole_is_not_fetched_again(storage, folder, tmp_path):
    storage.upload(b"same", folder / "f")
    path = storage.download(folder / "f", tmp_path / "f")
    before = path.stat().st_mtime_ns
    storage.download(folder / "f", path)
    assert path.stat().st_mtime_ns == before


def test_what_is_not_there_is_named(storage, folder, tmp_path):
    assert storage.stat(folder / "nothing") is None
    with pytest.raises(NotFoundError, match="nothing"):
        storage.download(folder / "nothing", tmp_path / "x")
    with pytest.raises(NotFoundError):
        storage.read(folder / "nothing")
    storage.delete(folder / "nothing")


def test_an_empty_object_arrives(storage, folder, tmp_path):
    storage.upload(b"", folder / "empty")
    assert storage.download(folder / "empty", tmp_path / "empty").read_bytes() == b""


@pytest.mark.parametrize("text", ["bucket/x", "s3://b/x", "gs://", "gs:///x"])
def test_other_addresses_are_refused(text):
    with pytest.raises(InputError, match="no storage address"):
        StorageUri.parse(text)


def test_addresses_join():
    assert str(StorageUri.parse("gs://b") / "x") == "gs://b/x"
    assert str(StorageUri.parse("gs://b/a/") / "x") == "gs://b/a/x"
