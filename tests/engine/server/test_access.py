"""Who may talk to a guarded engine: tokens, service-account keys, addresses that carry their own right."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from google.auth import crypt, jwt

from ee_floods.engine.server.service_account import RefusedAssertionError, ServiceAccount
from ee_floods.engine.server.tokens import LIFETIME_S, Tokens
from ee_floods.engine.state.folder import StateFolder
from ee_floods.errors import AccessError, ConfigError
from tests.engine.engine_process import EngineProcess

ONE = {"expression": {"result": "0", "values": {"0": {"constantValue": 1}}}}
VALUE = "/v1/projects/local/value:compute"
CONSTANT = {
    "result": "0",
    "values": {"0": {"functionInvocationValue": {
        "functionName": "Image.constant", "arguments": {"value": {"constantValue": 7}},
    }}},
}  # fmt: skip
GOOGLE = "https://oauth2.googleapis.com/token"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    engine = EngineProcess(tmp_path_factory.mktemp("guarded") / "state", require_token=True, workers=1)
    yield engine.start()
    engine.stop()


@pytest.fixture
def folder(tmp_path: Any) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.create()
    return folder


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def secret(engine: EngineProcess) -> str:
    return (engine.state / "access-token").read_text().strip()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/projects/local/algorithms",
        "/v1/projects/local/operations",
        "/v1/projects/local/assets",
        "/v1/projects/local/config",
        "/v1/projects/local:listAssets",
        "/storage/v1/b/local/o",
        "/download/storage/v1/b/local/o/x?alt=media",
        "/ee-floods/v1/reads",
        "/no/such/path",
    ],
)
def test_every_route_asks_a_stranger_for_a_token(guarded: EngineProcess, path: str) -> None:
    stranger = requests.get(guarded.url + path, timeout=30)
    assert stranger.status_code == 401
    assert stranger.json()["error"]["status"] == "UNAUTHENTICATED"
    assert stranger.headers["WWW-Authenticate"].startswith("Bearer")
    assert requests.get(guarded.url + path, headers=bearer(secret(guarded)), timeout=30).status_code != 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic {}", "{}", "Bearer {}x", "Bearer 9.{}"])
def test_anything_but_the_token_is_refused(guarded: EngineProcess, header: str) -> None:
    headers = {"Authorization": header.format(secret(guarded))}
    assert requests.post(guarded.url + VALUE, json=ONE, headers=headers, timeout=30).status_code == 401


def test_health_tells_a_stranger_only_that_it_serves(guarded: EngineProcess) -> None:
    path = guarded.url + "/ee-floods/v1/health"
    assert requests.get(path, timeout=30).json() == {"status": "serving"}
    assert requests.get(path, headers=bearer(secret(guarded)), timeout=30).json()["project"] == "local"


def test_secrets_are_readable_by_their_owner_only_and_survive_a_restart(tmp_path: Any) -> None:
    engine = EngineProcess(tmp_path / "state", require_token=True, workers=1).start()
    files = {name: engine.state / name for name in ("access-token", "service-account.json")}
    before, key = secret(engine), files["service-account.json"].read_text()
    engine.stop()
    engine.start()
    try:
        assert [stat.S_IMODE(path.stat().st_mode) for path in files.values()] == [0o600, 0o600]
        assert secret(engine) == before
        assert requests.post(engine.url + VALUE, json=ONE, headers=bearer(before), timeout=60).ok
        kept = ServiceAccount.of(StateFolder(engine.state), url=engine.url, project="local")
        assert kept.private_key.splitlines()[1] in key
        assert before not in (engine.state.with_suffix(".log")).read_text()
    finally:
        engine.stop()


def test_client_with_the_service_account_key_computes_and_stores(
    guarded: EngineProcess, connect: Callable[..., Any]
) -> None:
    import ee
    from google.cloud import storage
    from google.oauth2 import service_account

    key = service_account.Credentials.from_service_account_file(
        str(guarded.state / "service-account.json"), scopes=ee.oauth.SCOPES
    )
    ee.Reset()
    ee.Initialize(key, url=guarded.url, project="local")
    assert ee.Number(3).add(4).getInfo() == 7
    client = storage.Client(project="local", credentials=key, client_options={"api_endpoint": guarded.url})
    blob = client.bucket("local").blob("a/b", chunk_size=256 * 1024)
    with blob.open("wb") as stream:  # resumable: each chunk is a request of its own
        stream.write(b"flood" * 100_000)
    assert client.bucket("local").blob("a/b").download_as_bytes() == b"flood" * 100_000


def test_connect_with_the_token_gives_a_session_with_storage(
    guarded: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ee

    from ee_floods.service.storage import Storage, StorageUri
    from ee_floods.session import connect

    ee.Reset()
    with pytest.raises(AccessError, match="access token") as error:
        connect(url=guarded.url, token="wrong" * 8, replace=True)
    assert "EE_FLOODS_ENGINE_TOKEN" in error.value.remedy
    with pytest.raises(AccessError, match="access token"):
        connect(url=guarded.url, replace=True)
    with connect(url=guarded.url, token=secret(guarded), replace=True) as session:
        assert ee.Number(1).getInfo() == 1
        assert list(Storage(session).list(StorageUri("local", "none/"))) == []
        assert secret(guarded) not in repr(session)
        with pytest.raises(ConfigError, match="another access token"):
            connect(url=guarded.url, token="another" * 5)
    monkeypatch.setenv("EE_FLOODS_ENGINE_TOKEN", secret(guarded))
    with connect(url=guarded.url, replace=True):
        assert ee.Number(2).getInfo() == 2


def test_the_token_is_not_among_the_settings_that_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    from ee_floods.workflows.doctor import examine

    monkeypatch.setenv("EE_FLOODS_ENGINE_TOKEN", "a-secret-that-is-not-shown")
    shown = " ".join(finding.detail for finding in examine())
    assert "a-secret" not in shown


def test_addresses_of_tiles_and_downloads_work_without_a_token_for_pages_of_any_origin(
    guarded: EngineProcess,
) -> None:
    path = guarded.url + "/v1/projects/local/maps"
    name = requests.post(path, json={"expression": CONSTANT}, headers=bearer(secret(guarded)), timeout=60)
    tile = f"{guarded.url}/v1/{name.json()['name']}/tiles/0/0/0"
    shown = requests.get(tile, headers={"Origin": "null"}, timeout=60)
    assert shown.status_code == 200, shown.text
    assert shown.headers["Access-Control-Allow-Origin"] == "*"
    assert shown.headers["Content-Type"].startswith("image/")
    assert requests.post(tile, headers={"Origin": "null"}, timeout=30).status_code == 403
    assert requests.post(tile, timeout=30).status_code == 401
    guess = tile.replace("/maps/", "/maps/0")
    assert requests.get(guess, timeout=30).status_code == 401


def test_names_of_renders_cannot_be_computed_from_the_request(folder: StateFolder, tmp_path: Any) -> None:
    other = StateFolder(tmp_path / "other")
    other.create()
    here, there = Tokens.of(folder).render_name("maps\n{}"), Tokens.of(other).render_name("maps\n{}")
    assert here != there
    assert here == Tokens.of(folder).render_name("maps\n{}")


def test_issued_tokens_end_after_an_hour_and_cannot_be_prolonged(folder: StateFolder) -> None:
    tokens = Tokens.of(folder)
    token = tokens.issue(now=1000.0)
    assert tokens.accepts(token, now=1000.0 + LIFETIME_S - 1)
    assert not tokens.accepts(token, now=1000.0 + LIFETIME_S + 1)
    expiry, _, signature = token.partition(".")
    assert not tokens.accepts(f"{int(expiry) + 9000}.{signature}", now=1000.0)
    assert not Tokens("another secret, quite long").accepts(token, now=1000.0)


def test_secret_that_is_too_short_is_refused_with_a_remedy(folder: StateFolder) -> None:
    folder.token.write_text("flood\n")
    with pytest.raises(ConfigError, match="holds no access token") as error:
        Tokens.of(folder)
    assert "Delete" in error.value.remedy


def assertion(account: ServiceAccount, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iat": now, "exp": now + 3600, "iss": account.email, "aud": GOOGLE, "scope": "x", **changes}
    signer = crypt.RSASigner.from_string(account.private_key)
    return jwt.encode(signer, {k: v for k, v in claims.items() if v is not None}).decode()


def test_assertions_are_taken_from_this_account_now_and_for_this_server_only(
    folder: StateFolder, tmp_path: Any
) -> None:
    account = ServiceAccount.of(folder, url="http://127.0.0.1:1", project="local")
    account.check(assertion(account))
    account.check(assertion(account, aud=account.token_uri))
    now = int(time.time())
    for changes in (
        {"aud": "https://elsewhere.example/token"},
        {"iss": "somebody@example.org"},
        {"iat": now - 7200, "exp": now - 3600},
        {"iat": now + 600, "exp": now + 3600},
        {"exp": now + 86400},
        {"exp": None},
    ):
        with pytest.raises(RefusedAssertionError):
            account.check(assertion(account, **changes))
    strange = StateFolder(tmp_path / "strange")
    strange.create()
    forged = assertion(ServiceAccount.of(strange, url="http://127.0.0.1:1", project="local"))
    with pytest.raises(RefusedAssertionError, match="signature"):
        account.check(forged)
    header, claims, _ = assertion(account).split(".")
    for broken in ("", "a.b.c", f"{header}.{claims}.", f"eyJhbGciOiJub25lIn0.{claims}."):
        with pytest.raises(RefusedAssertionError):
            account.check(broken)


def test_token_endpoint_answers_in_the_form_of_oauth(guarded: EngineProcess) -> None:
    address = guarded.url + "/ee-floods/v1/token"
    wrong = requests.post(address, data={"grant_type": "password"}, timeout=30)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "unsupported_grant_type")
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    bad = requests.post(address, data={"grant_type": grant, "assertion": "x"}, timeout=30)
    assert (bad.status_code, bad.json()["error"]) == (400, "invalid_grant")
    assert requests.post(address, data=b"x" * 70_000, timeout=30).status_code == 400
    account = ServiceAccount.of(StateFolder(guarded.state), url=guarded.url, project="local")
    good = requests.post(address, data={"grant_type": grant, "assertion": assertion(account)}, timeout=30)
    assert good.json()["expires_in"] == LIFETIME_S
    token = bearer(good.json()["access_token"])
    assert requests.post(guarded.url + VALUE, json=ONE, headers=token, timeout=60).json() == {"result": 1}


def test_listening_beyond_this_machine_asks_for_a_token_without_being_told(tmp_path: Any) -> None:
    engine = EngineProcess(tmp_path / "state", host="0.0.0.0", workers=1).start()
    try:
        assert requests.get(engine.url + "/v1/projects/local/operations", timeout=30).status_code == 401
        headers = bearer(secret(engine))
        assert requests.get(engine.url + "/v1/projects/local/operations", headers=headers, timeout=30).ok
    finally:
        engine.stop()
