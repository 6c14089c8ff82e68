"""The command line as a person meets it: what is printed where, and with which exit code."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ee_floods.cli.app import run
from ee_floods.cli.console import RedactingFilter
from tests.chips import write_chip


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for command in (
        "quickstart",
        "doctor",
        "pairs",
        "export",
        "evaluate",
        "predict",
        "map",
        "jobs",
        "engine",
    ):
        assert command in out


@pytest.mark.parametrize(
    "group",
    ["events", "dataset", "train", "jobs", "engine", "evaluate", "predict", "map", "stats", "publish"],
)
def test_every_command_has_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([group, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_evaluate_prints_a_table_or_the_contracted_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_chip(tmp_path, "Spain_1")
    arguments = ["evaluate", "baseline:vh-threshold", "--sen1floods11", str(tmp_path)]
    assert run(arguments) == 0
    assert "pooled water IoU" in capsys.readouterr().out
    assert run([*arguments, "--json", "--nan", "dry", "--scale", "16"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "ee-floods/evaluation/1.0"
    assert (report["nan_policy"], report["scale_m"]) == ("dry", 16.0)
    assert set(report["pooled"]) == {
        "iou",
        "iou_low",
        "iou_high",
        "precision",
        "recall",
        "tp",
        "fp",
        "fn",
        "tn",
    }


def test_an_error_goes_to_stderr_with_its_remedy_and_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "baseline:otsu", "--sen1floods11", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no folder S1Hand" in captured.err
    assert "what to do:" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [["evaluate"], ["nonsense"], ["evaluate", "baseline:vh-threshold=x", "--sen1floods11", "."]],
    ids=["missing argument", "unknown command", "bad model"],
)
def test_bad_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    capsys.readouterr()


def test_no_credentials_and_no_choice_name_both_remedies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("EE_FLOODS_ENGINE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    found = subprocess.run(
        [sys.executable, "-m", "ee_floods", "events", "list"], capture_output=True, text=True, cwd=tmp_path
    )
    assert found.returncode == 2
    assert "--local" in found.stderr
    assert "earthengine authenticate" in found.stderr


def test_doctor_says_what_is_missing_and_where_settings_come_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EE_FLOODS_PROJECT", "my-project")
    assert run(["doctor", "--json"]) == 0
    findings = {item["subject"]: item for item in json.loads(capsys.readouterr().out)}
    assert findings["setting project"]["detail"] == "my-project (environment)"
    assert findings["keras"]["state"] == "ok"
    assert "Earth Engine credentials" in findings


def test_logs_go_to_a_file_without_secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.jsonl"
    write_chip(tmp_path, "Spain_1")
    assert run(["--log-file", str(log), "evaluate", "baseline:otsu", "--sen1floods11", str(tmp_path)]) == 0
    logging.getLogger("ee_floods.test").warning("Authorization: Bearer ya29.abcdefghijklmn")
    entry = json.loads(log.read_text().splitlines()[-1])
    assert entry["level"] == "WARNING"
    assert "ya29" not in entry["message"]
    capsys.readouterr()


def test_the_filter_redacts_arguments_too() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "url %s", ("https://h/x?token=abcdefghijk",), None)
    assert RedactingFilter().filter(record)
    assert "abcdefghijk" not in record.getMessage()


@pytest.mark.engine
def test_the_engine_prints_where_it_answers(tmp_path: Path) -> None:
    import urllib.request

    command = [sys.executable, "-m", "ee_floods", "engine", "serve", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as engine:
        try:
            assert engine.stdout is not None
            line = engine.stdout.readline()
            url = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
            with urllib.request.urlopen(f"{url}/ee-floods/v1/health") as answer:
                assert answer.status == 200
        finally:
            engine.terminate()


def test_an_unknown_kind_of_fault_is_named_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["engine", "serve", "--state", str(tmp_path / "state"), "--fault-kinds", "429,nonsense"]
    assert run(given) == 2
    error = capsys.readouterr().err
    assert "'nonsense'" in error
    assert "truncate" in error  # the remedy names what there is
    assert not (tmp_path / "state").exists()


def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_chip(tmp_path)
    radar = str(tmp_path / "S1Hand" / "Spain_1_S1Hand.tif")
    assert run(["predict", "baseline:otsu", radar, str(tmp_path / "no" / "flood.tif")]) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert run(["predict", "baseline:otsu", radar, str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err
    assert run(["--log-file", str(tmp_path / "no" / "x.log"), "doctor"]) == 1
    assert "what to do:" in capsys.readouterr().err


def test_a_file_of_ones_own_events_needs_no_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events.csv").write_text(
        "id,name,country,start,end,west,south,east,north\n"
        "ebro,Ebro,ESP,2018-04-10,2018-04-20,-1.0,41.5,-0.8,41.7\n"
    )
    assert run(["events", "list", "--file", str(tmp_path / "events.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "ebro"
