"""The real engine's process and the real client."""

import subprocess
import sys
import time

import pytest

from ee_floods.errors import ConfigError, ServiceError
from ee_floods.session import client, local


def test_a_state_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError, match="state"):
        local.start(tmp_path / "state", project="local", mounts={}, world=False)


def test_its_log_is_shown_when_it_cannot_start(tmp_path):
    with pytest.raises(ServiceError, match="before it was ready") as caught:
        local.start(tmp_path, project="local", mounts={"not an asset id": tmp_path / "nowhere"}, world=False)
    assert "engine.log" in caught.value.remedy


def test_an_address_where_nothing_listens_is_refused_at_once():
    begin = time.monotonic()
    with pytest.raises(ServiceError, match="Nothing answers"):
        local.check_reachable("http://127.0.0.1:9")
    assert time.monotonic() - begin < 2


def test_initialising_makes_no_request_to_the_web(engine_session):
    # A name server that never answers would hang the client's catalogue request for minutes.
    program = (
        "import socket, sys, time\n"
        "real = socket.getaddrinfo\n"
        "def slow(host, *rest, **more):\n"
        "    if host in ('127.0.0.1', 'localhost'): return real(host, *rest, **more)\n"
        "    time.sleep(60)\n"
        "socket.getaddrinfo = slow\n"
        "import ee_floods.session as session\n"
        f"session.connect(url={engine_session.url!r})\n"
        "import ee\n"
        "assert ee.data.is_initialized()\n"
        "import urllib.request\n"
        "assert urllib.request._opener is None\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_catalogues_host_alone_is_refused():
    import urllib.request
    from urllib.error import URLError

    with client._without_catalog_request(), pytest.raises(URLError, match="session is local"):
        urllib.request.urlopen("https://storage.googleapis.com/earthengine-stac/x", timeout=5)
    assert client._RefuseCatalog().https_open(urllib.request.Request("https://example.org/x")) is None


def test_the_engine_ends_with_the_program_that_started_it(tmp_path):
    program = (
        "import ee_floods.session as session, pathlib\n"
        f"s = session.connect(engine='local', state=pathlib.Path({str(tmp_path)!r}), world=False)\n"
        "print(s.url)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    with pytest.raises(ServiceError):
        local.check_reachable(done.stdout.strip())
