"""`connect` and `current`: the one place that decides which Earth Engine a process talks to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace as with_changes
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from ee_floods.errors import AccessError, ConfigError, ServiceError
from ee_floods.session import client, local
from ee_floods.session.record import Session, Target

if TYPE_CHECKING:
    from ee_floods.config.settings import Settings

__all__ = ["connect", "current"]

HIGH_VOLUME_URL = "https://earthengine-highvolume.googleapis.com"
"""Endpoint for many small requests (ee.data.HIGH_VOLUME_API_BASE_URL); 40 at once, counted by itself."""

_CHOOSE = (
    "Run `earthengine authenticate` and name a project (`--project`, `connect(project=...)` or "
    'EE_FLOODS_PROJECT), or choose the local engine (`ee-floods ... --local`, `connect(engine="local")` or '
    "EE_FLOODS_ENGINE=local)."
)
_lock = threading.RLock()
_active: Session | None = None
_log = logging.getLogger(__name__)


def connect(
    project: str | None = None,
    *,
    engine: str | None = None,
    url: str | None = None,
    token: str | None = None,
    state: Path | None = None,
    mounts: Mapping[str, Path] | None = None,
    world: bool = True,
    credentials: Any = None,
    replace: bool = False,
    high_volume: bool = False,
) -> Session:
    """Connect this process to Earth Engine and return the session.

    The same target again returns the session that is open. A session that the user opened with
    `ee.Initialize` is adopted as it is.

    Args:
        project: Cloud project; defaults to the settings' (EE_FLOODS_PROJECT), then the credentials'.
        engine: `"local"` starts the local engine, `"earthengine"` is the real service; defaults to the
            settings' (EE_FLOODS_ENGINE), and without one to the real service.
        url: Base URL of a local engine that already runs; implies `engine="local"`.
        token: Access token of that engine, where it asks for one; defaults to the settings'
            (EE_FLOODS_ENGINE_TOKEN). It is in the file `access-token` of the engine's state folder.
        state: Folder of the local engine's assets, tasks and buckets; defaults to the user's data folder.
        mounts: Folders of GeoTIFFs that the local engine serves as assets, by asset id.
        world: Whether the local engine answers for the real dataset ids from the simulated world.
        credentials: Google credentials; defaults to those of `earthengine authenticate`.
        replace: Whether an open session to another target is closed instead of being an error.
        high_volume: Whether the real service's high-volume endpoint is used.

    Raises:
        ConfigError: If nobody chose an engine and there are no credentials, or another session is open.
        AccessError: If the real service was chosen and refuses, or a guarded engine asks for another token.
        ServiceError: If the local engine does not start.
    """
    from ee_floods.config.settings import resolve

    settings, _ = resolve({"engine": "local" if url else engine, "project": project, "state": state})
    target: Target = settings.engine or "earthengine"
    if target == "earthengine" and (state or mounts):
        raise ConfigError(
            "`state` and `mounts` are the local engine's, and the real Earth Engine was chosen.",
            remedy='Give engine="local", or leave them out.',
        )
    with _lock:
        open_session = _open_session()
        if open_session is not None:
            reason = _other_target(
                open_session, target, project=project, url=url, token=token, state=state, mounts=mounts
            )
            if reason is None:
                return open_session
            if not replace:
                raise ConfigError(
                    f"A session with {_name(open_session)} is open, and {reason} was asked for.",
                    remedy="Close it first, or give replace=True: objects of the old session are lost.",
                )
            open_session.close()
            client.reset()
        if target == "local":
            session = _connect_local(
                settings, project=project, url=url, token=token, mounts=mounts or {}, world=world
            )
        else:
            session = _connect_real(settings, credentials, high_volume=high_volume)
        return _activate(session)


def current() -> Session:
    """Return the open session, adopting one that the user opened with `ee.Initialize`.

    Raises:
        ConfigError: If there is none; the remedy names both ways to get one.
    """
    with _lock:
        session = _open_session()
    if session is None:
        raise ConfigError("There is no session with Earth Engine.", remedy=_CHOOSE)
    return session


def _open_session() -> Session | None:
    """Return the open session, made here or by the user; forgets one that somebody else took down."""
    global _active
    at = client.state()
    if at is None:
        _active = None
        return None
    if _active is not None and _active.url == at.url.rstrip("/"):
        if _active.running is None or _active.running():
            return _active
        _log.warning("The local Earth Engine at %s has ended by itself.", _active.url)
        client.reset()
        _active = None
        return None
    _active = _adopted(at)
    return _active


def _adopted(at: client.ClientState) -> Session:
    url = at.url.rstrip("/")
    if (urlsplit(url).hostname or "").endswith("googleapis.com"):
        return Session("earthengine", at.project, url, credentials=at.credentials, adopted=True)
    return Session("local", at.project, url, storage_endpoint=url, credentials=at.credentials, adopted=True)


def _other_target(
    session: Session,
    target: Target,
    *,
    project: str | None,
    url: str | None,
    token: str | None,
    state: Path | None,
    mounts: Mapping[str, Path] | None,
) -> str | None:
    """Return what was asked for if it is not what is open, in words; None if it is the same."""
    if target != session.target:
        return "the local engine" if target == "local" else "the real Earth Engine"
    if project is not None and project != session.project:
        return f"the project {project!r}"
    if url is not None and url.rstrip("/") != session.url:
        return f"the engine at {url}"
    if token is not None and token != getattr(session.credentials, "token", None):
        return "another access token"
    if state is not None and (session.state is None or state.resolve() != session.state.resolve()):
        return f"the state folder {state}"
    if mounts is not None and dict(mounts) != dict(session.mounts):
        return "another set of mounted folders"
    return None


def _name(session: Session) -> str:
    kind = "the local engine" if session.target == "local" else "the real Earth Engine"
    return f"{kind} at {session.url} (project {session.project!r})"


def _connect_local(
    settings: Settings,
    *,
    project: str | None,
    url: str | None,
    token: str | None,
    mounts: Mapping[str, Path],
    world: bool,
) -> Session:
    from google.auth.credentials import AnonymousCredentials

    credentials: Any = AnonymousCredentials()  # type: ignore[no-untyped-call]
    name = project or local.LOCAL_PROJECT
    if url is not None:
        base = url.rstrip("/")
        given = token or (settings.engine_token and settings.engine_token.get_secret_value())
        if given:
            credentials = _bearer(given)
        local.check_reachable(base)
        _initialize_local(credentials, base, name)
        return Session("local", name, base, None, base, credentials, mounts=mounts)
    if settings.state is None:
        raise ConfigError("`state` is empty.", remedy="Give a folder for the local engine's assets.")
    engine = local.start(settings.state, project=name, mounts=mounts, world=world)
    try:
        _initialize_local(credentials, engine.url, engine.project)
    except BaseException:
        engine.stop()
        raise
    return Session(
        "local",
        engine.project,
        engine.url,
        engine.state,
        engine.url,
        credentials,
        mounts=mounts,
        on_close=engine.stop,
        running=lambda: engine.running,
    )


def _bearer(token: str) -> Any:
    from google.oauth2.credentials import Credentials

    return Credentials(token)  # type: ignore[no-untyped-call]


def _initialize_local(credentials: Any, url: str, project: str) -> None:
    import ee
    from google.auth.exceptions import GoogleAuthError

    try:
        client.initialize(credentials, url=url, project=project, offline=True)
    except (
        GoogleAuthError
    ) as error:  # after a 401 the client tries to renew credentials that cannot be renewed
        client.reset()
        raise AccessError(
            f"The engine at {url} asks for another access token than it was given.",
            remedy="Give `token=` or EE_FLOODS_ENGINE_TOKEN what the file `access-token` in the engine's "
            "state folder holds.",
        ) from error
    except ee.EEException as error:
        client.reset()
        raise ServiceError(
            f"The engine at {url} refuses the client: {error}", remedy="Is it a local Earth Engine?"
        ) from error


def _connect_real(settings: Settings, credentials: Any, *, high_volume: bool) -> Session:
    import ee
    from google.auth.exceptions import GoogleAuthError

    chosen = settings.engine is not None or settings.project is not None or credentials is not None
    url = HIGH_VOLUME_URL if high_volume else None
    try:
        client.initialize(credentials or "persistent", url=url, project=settings.project, offline=False)
    except ee.EEException as error:
        client.reset()
        _refuse(error, chosen=chosen)
    except (GoogleAuthError, OSError) as error:
        client.reset()
        raise AccessError(f"Earth Engine cannot be reached: {error}.", remedy=_CHOOSE) from error
    at = client.state()
    if at is None:
        raise AccessError("Earth Engine did not open a session.", remedy=_CHOOSE)
    return Session("earthengine", at.project, at.url.rstrip("/"), credentials=at.credentials)


def _refuse(error: Exception, *, chosen: bool) -> NoReturn:
    message = str(error)
    if "earthengine authenticate" in message and not chosen:
        raise ConfigError(
            "There are no Earth Engine credentials, and nobody chose the local engine.", remedy=_CHOOSE
        ) from error
    if "earthengine authenticate" in message:
        raise AccessError("There are no Earth Engine credentials.", remedy=_CHOOSE) from error
    if "no project found" in message:
        raise ConfigError("Earth Engine needs a Cloud project.", remedy=_CHOOSE) from error
    raise AccessError(f"Earth Engine refuses: {message}", remedy=_CHOOSE) from error


def _activate(session: Session) -> Session:
    global _active
    stop = session.on_close

    def close() -> None:
        global _active
        with _lock:
            if stop is not None:
                stop()
            at = client.state()
            if _active is opened and at is not None and at.url.rstrip("/") == opened.url:
                client.reset()
            if _active is opened:
                _active = None

    opened = with_changes(session, on_close=close)
    _active = opened
    return opened
