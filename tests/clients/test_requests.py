"""Recorded requests: the pinned clients still send them, and the engine still answers them in their form.

`requests/NAME.json` holds what a flow of `flows.py` sent. To write them anew:

    EE_FLOODS_RECORD_REQUESTS=1 python -m pytest tests/clients/test_requests.py -k still_send
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tests.clients.command_line import Shell
from tests.clients.flows import COMMANDS, FLOWS
from tests.clients.recording import (
    OPERATION,
    REQUEST_ID,
    Exchange,
    from_dict,
    recorded,
    rendered,
    shape_of,
    unrepeated,
)
from tests.engine.engine_process import EngineProcess

FOLDER = Path(__file__).parent / "requests"
RECORD = bool(os.environ.get("EE_FLOODS_RECORD_REQUESTS"))


def kept(name: str) -> list[Exchange]:
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [from_dict(item) for item in document["exchanges"]]


@pytest.mark.parametrize("name", FLOWS)
def test_clients_still_send_what_was_recorded(
    local_engine: EngineProcess, connect: Callable[[Any], Any], name: str
) -> None:
    with recorded(local_engine.url) as (url, exchanges):
        client = connect(SimpleNamespace(url=url))
        FLOWS[name](client)
    compare(name, exchanges)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_line_clients_still_send_what_was_recorded(
    local_engine: EngineProcess, tmp_path: Path, name: str
) -> None:
    with recorded(local_engine.url) as (url, exchanges):
        config = json.loads((local_engine.state / "earthengine-config.json").read_text())
        (tmp_path / "earthengine-config.json").write_text(json.dumps({**config, "url": url}))
        shutil.copy(local_engine.state / "service-account.json", tmp_path)
        shell = Shell(tmp_path, tmp_path)
        try:
            COMMANDS[name](shell)
        finally:
            shell.close()
    compare(name, exchanges)


def compare(name: str, exchanges: list[Exchange]) -> None:
    """Compare what was sent with the recording, or write it anew."""
    found = unrepeated(exchanges)
    if RECORD:
        FOLDER.mkdir(exist_ok=True)
        lines = ",\n".join(json.dumps(item.to_dict(), sort_keys=True) for item in found)
        (FOLDER / f"{name}.json").write_text(f'{{"exchanges": [\n{lines}\n]}}\n', encoding="utf-8")
    assert sorted(item.request for item in found) == sorted(item.request for item in kept(name))


@pytest.mark.parametrize("name", [*FLOWS, *COMMANDS])
def test_engine_answers_each_recording_in_its_form(local_engine: EngineProcess, name: str) -> None:
    operation, secrets = "", {}
    for item in kept(name):
        path = item.path.replace(OPERATION, operation)
        for label, secret in secrets.items():
            path = path.replace(label, secret)
        answer = requests.request(
            item.method,
            local_engine.url + path,
            params=[tuple(pair) for pair in item.query],
            json=json.loads(json.dumps(item.body).replace(REQUEST_ID, uuid.uuid4().hex)),
            timeout=60,
        )
        place = f"{item.method} {item.path}"
        assert answer.status_code == item.status, f"{place}: {answer.text[:300]}"
        shape = shape_of(item.path, answer.headers.get("content-type", ""), answer.content)
        assert _comparable(shape) == _comparable(item.shape), place
        if item.method == "POST" and (secret := rendered(answer.content)):
            secrets[item.label] = secret
        started = re.search(r'"name":\s*"projects/local/operations/([A-Z0-9]+)"', answer.text)
        operation = started[1] if started and item.method == "POST" else operation


def _comparable(shape: Any) -> Any:
    """Leave out what a task has only once it has started or ended, and what other tests have made."""
    if not isinstance(shape, dict):
        return shape
    if "metadata" in shape:
        return {"name": shape["name"], "metadata": {"type", "state", "createTime"} & set(shape["metadata"])}
    if "operations" in shape:
        return {"operations"}
    return {key: value for key, value in shape.items() if key != "assets"}
