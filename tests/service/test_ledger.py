import os
from dataclasses import replace

import pytest

from ee_floods.errors import CorruptFileError
from ee_floods.service.ledger import FileLedger, MemoryLedger, TaskRecord

RECORD = TaskRecord(
    key="eef-a",
    request_id="eef-a-1",
    attempt=1,
    kind="image:export",
    description="chips",
    target="local",
    project="local",
    state="SUBMITTING",
)


@pytest.fixture(params=["file", "memory"])
def ledger(request, tmp_path):
    return FileLedger(tmp_path / "run" / "ledger.jsonl") if request.param == "file" else MemoryLedger()


def test_the_last_record_of_a_request_counts(ledger):
    assert ledger.find("eef-a") is None
    ledger.record(RECORD)
    ledger.record(replace(RECORD, state="RUNNING", operation="o"))
    assert ledger.find("eef-a").state == "RUNNING"
    ledger.record(replace(RECORD, request_id="eef-a-2", attempt=2))
    assert ledger.find("eef-a").attempt == 2
    assert [item.request_id for item in ledger.records()] == ["eef-a-1", "eef-a-2"]


def test_another_process_reads_what_was_written(tmp_path):
    FileLedger(tmp_path / "l").record(RECORD)
    assert FileLedger(tmp_path / "l").find("eef-a") == RECORD


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_line_cut_short_by_a_crash_is_left_out_and_later_lines_are_read(tmp_path, cut):
    path = tmp_path / "l"
    ledger = FileLedger(path)
    ledger.record(RECORD)
    ledger.record(replace(RECORD, key="eef-b", request_id="eef-b-1"))
    os.truncate(path, path.stat().st_size - cut - 1)
    assert [r.key for r in ledger.records()] == ["eef-a"]
    ledger.record(replace(RECORD, key="eef-c", request_id="eef-c-1"))
    assert [r.key for r in ledger.records()] == ["eef-a", "eef-c"]


def test_a_line_that_is_whole_but_broken_is_named(tmp_path):
    path = tmp_path / "l"
    path.write_text('{"key": oops}\n')
    with pytest.raises(CorruptFileError, match="line 1"):
        FileLedger(path).records()
