"""Who chooses the engine, and what a second choice does; client and engine are stand-ins."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ee_floods.errors import AccessError, ConfigError
from ee_floods.session import client, connect, connection, current, local

NO_CREDENTIALS = "Please authorize access to your Earth Engine account by running\n\nearthengine authenticate"


@dataclass
class World:
    """What the stand-ins remember."""

    state: client.ClientState | None = None
    started: int = 0
    stopped: int = 0
    credentials: bool = True
    engine: object = None


@pytest.fixture
def world(monkeypatch, tmp_path):
    now = World()

    def initialize(credentials, *, url, project, offline):
        import ee

        real = url is None or "googleapis" in url
        if real and not now.credentials:
            raise ee.EEException(NO_CREDENTIALS)
        now.state = client.ClientState(
            url or "https://earthengine.googleapis.com", project or "from-credentials", credentials
        )

    def start(state, *, project, mounts, world):
        now.started += 1

        class Engine:
            url = f"http://127.0.0.1:{9000 + now.started}"

            running = True

            def stop(self):
                now.stopped += 1
                self.running = False

        engine = Engine()
        engine.project, engine.state = project, state
        now.engine = engine
        return engine

    monkeypatch.setattr(client, "initialize", initialize)
    monkeypatch.setattr(client, "state", lambda: now.state)
    monkeypatch.setattr(client, "reset", lambda: setattr(now, "state", None))
    monkeypatch.setattr(local, "start", start)
    monkeypatch.setattr(local, "check_reachable", lambda url: None)
    monkeypatch.setattr(connection, "_active", None)
    for name in ("ENGINE", "PROJECT", "STATE"):
        monkeypatch.delenv(f"EE_FLOODS_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return now


def test_with_neither_credentials_nor_a_choice_both_remedies_are_named(world):
    world.credentials = False
    with pytest.raises(ConfigError) as caught:
        connect()
    assert "--local" in caught.value.remedy
    assert "earthengine authenticate" in caught.value.remedy
    assert caught.value.exit_code == 2
    assert world.started == 0


def test_the_real_service_without_credentials_is_no_reason_to_take_the_local_one(world):
    world.credentials = False
    with pytest.raises(AccessError, match="no Earth Engine credentials"):
        connect("my-project")
    assert world.started == 0


def test_without_a_session_current_names_both_remedies(world):
    with pytest.raises(ConfigError) as caught:
        current()
    assert "--local" in caught.value.remedy
    assert "earthengine authenticate" in caught.value.remedy


def test_the_same_target_again_is_the_same_session(world, tmp_path):
    first = connect(engine="local", state=tmp_path / "s")
    assert connect(engine="local") is first
    assert connect(engine="local", state=tmp_path / "s") is first
    assert current() is first
    assert world.started == 1


@pytest.mark.parametrize(
    "other",
    [{"project": "p", "engine": "earthengine"}, {"engine": "local", "state": Path("elsewhere")},
     {"engine": "local", "project": "another"}, {"url": "http://127.0.0.1:1"},
     {"engine": "local", "mounts": {"projects/local/assets/x": Path("x")}}],
)  # fmt: skip
def test_another_target_is_refused_unless_it_replaces(world, other):
    first = connect(engine="local")
    with pytest.raises(ConfigError, match="is open"):
        connect(**other)
    assert current() is first
    assert world.stopped == 0
    second = connect(**other, replace=True)
    assert second is not first
    assert current() is second
    assert world.stopped == 1


def test_a_session_that_the_user_opened_is_adopted_and_never_taken_down(world):
    world.state = client.ClientState("https://earthengine.googleapis.com", "mine", None)
    session = current()
    assert (session.target, session.project, session.adopted) == ("earthengine", "mine", True)
    assert session.storage_endpoint is None
    assert connect("mine") is session
    session.close()
    assert world.state is not None
    with pytest.raises(ConfigError, match="is open"):
        connect(engine="local")


def test_an_adopted_local_engine_is_known_by_its_address(world):
    world.state = client.ClientState("http://127.0.0.1:8080/", "local", None)
    session = current()
    assert (session.target, session.storage_endpoint) == ("local", "http://127.0.0.1:8080")


def test_closing_stops_the_engine_that_was_started_and_no_other(world):
    with connect(engine="local") as session:
        pass
    session.close()
    assert world.stopped >= 1
    assert world.state is None
    with connect(url="http://127.0.0.1:1"):
        stopped = world.stopped
    assert world.stopped == stopped


def test_the_environment_chooses(world, monkeypatch):
    monkeypatch.setenv("EE_FLOODS_ENGINE", "local")
    assert connect().target == "local"


def test_the_project_of_the_environment_is_used(world, monkeypatch):
    monkeypatch.setenv("EE_FLOODS_PROJECT", "from-environment")
    assert connect().project == "from-environment"


def test_an_unknown_engine_is_named(world):
    with pytest.raises(ConfigError, match="cloud"):
        connect(engine="cloud")


def test_the_local_engines_options_do_not_fit_the_real_service(world):
    with pytest.raises(ConfigError, match="state"):
        connect("p", state=Path("s"))


def test_the_high_volume_endpoint_is_asked_for(world):
    assert "highvolume" in connect("p", high_volume=True).url


def test_an_engine_that_died_is_not_taken_for_a_session(world):
    first = connect(engine="local")
    world.engine.running = False
    with pytest.raises(ConfigError, match="no session"):
        current()
    assert connect(engine="local") is not first
    assert world.started == 2
