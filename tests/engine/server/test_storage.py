"""The storage subset, asked by the unmodified google-cloud-storage client."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import google_crc32c
import pytest
import requests
from google.api_core import exceptions

from tests.engine.engine_process import EngineProcess


def test_object_comes_back_with_the_checksums_of_its_bytes(bucket: Any) -> None:
    data = b"flood" * 1000
    bucket.blob("sums/a").upload_from_string(data)
    found = bucket.get_blob("sums/a")
    assert found.download_as_bytes() == data
    assert base64.b64decode(found.md5_hash) == hashlib.md5(data).digest()
    assert int.from_bytes(base64.b64decode(found.crc32c), "big") == google_crc32c.value(data)
    assert found.size == len(data)


@pytest.mark.parametrize("name", ["a b/c+d%2F.txt", "../../etc/passwd", "rewriteTo/b", "ünïcode/ç", "x//y"])
def test_any_object_name_is_a_name_and_never_a_path(
    bucket: Any, name: str, local_engine: EngineProcess
) -> None:
    bucket.blob(name).upload_from_string(b"content")
    assert bucket.blob(name).download_as_bytes() == b"content"
    assert name in [found.name for found in bucket.list_blobs()]
    files = [path for path in local_engine.state.parent.rglob("*") if path.name == "passwd"]
    assert files == []
    bucket.blob(name).delete()
    assert not bucket.blob(name).exists()


def test_generation_zero_lets_only_the_first_writer_in(bucket: Any) -> None:
    bucket.blob("claim").upload_from_string(b"first", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("claim").upload_from_string(b"second", if_generation_match=0)
    assert bucket.blob("claim").download_as_bytes() == b"first"
    generation = bucket.get_blob("claim").generation
    bucket.blob("claim").upload_from_string(b"third", if_generation_match=generation)
    assert bucket.get_blob("claim").generation > generation


def test_large_object_arrives_in_chunks_and_leaves_in_ranges(bucket: Any) -> None:
    data = bytes(range(256)) * 4100  # a little over 1 MiB
    blob = bucket.blob("chunks", chunk_size=256 * 1024)
    with blob.open("wb") as stream:
        stream.write(data)
    assert bucket.blob("chunks").download_as_bytes() == data
    assert bucket.blob("chunks").download_as_bytes(start=300_000, end=300_009) == data[300_000:300_010]


def test_listing_is_paged_narrowed_by_prefix_and_folded_by_delimiter(bucket: Any) -> None:
    names = [f"list/{index:02d}" for index in range(7)] + ["list/deep/x", "list/deep/y"]
    for name in names:
        bucket.blob(name).upload_from_string(b"")
    listed = [blob.name for blob in bucket.list_blobs(prefix="list/", page_size=2)]
    assert listed == sorted(names)
    folded = bucket.list_blobs(prefix="list/", delimiter="/")
    assert [blob.name for blob in folded] == sorted(names[:7])
    assert folded.prefixes == {"list/deep/"}


def test_metadata_is_merged_and_copies_keep_it(bucket: Any) -> None:
    blob = bucket.blob("meta")
    blob.metadata = {"simulated": "true"}
    blob.upload_from_string(b"x", content_type="text/plain")
    blob.metadata = {"simulated": "true", "note": "n"}
    blob.patch()
    copy = bucket.copy_blob(blob, bucket, "meta-copy")
    copy.reload()
    assert copy.metadata == {"simulated": "true", "note": "n"}
    assert copy.content_type == "text/plain"


def test_buckets_are_made_and_missing_ones_are_missing(bucket: Any) -> None:
    bucket.client.create_bucket("another-one")
    assert bucket.client.get_bucket("another-one").name == "another-one"
    with pytest.raises(exceptions.Conflict):
        bucket.client.create_bucket("another-one")
    with pytest.raises(exceptions.NotFound):
        bucket.client.bucket("absent").blob("x").upload_from_string(b"")
    with pytest.raises(exceptions.NotFound):
        bucket.blob("absent").download_as_bytes()


def test_objects_survive_a_kill(tmp_path: Any) -> None:
    engine = EngineProcess(tmp_path / "state").start()
    upload = f"{engine.url}/upload/storage/v1/b/local/o?uploadType=media&name=kept"
    assert requests.post(upload, data=b"kept", timeout=30).ok
    engine.kill()
    engine.start()
    try:
        address = f"{engine.url}/download/storage/v1/b/local/o/kept?alt=media"
        assert requests.get(address, timeout=30).content == b"kept"
    finally:
        assert engine.stop() == 0


def test_error_has_the_service_form(local_engine: EngineProcess) -> None:
    answer = requests.get(f"{local_engine.url}/storage/v1/b/absent", timeout=30)
    assert answer.status_code == 404
    assert json.loads(answer.text)["error"]["message"] == "The specified bucket does not exist."
