"""Access tokens of a guarded engine: one secret in the state folder, and what is derived from it.

The secret itself is a bearer token that never expires; it is for people and for `connect(token=...)`. Service
accounts get tokens that last an hour, as Google's do. They carry their own expiry under a keyed hash, so that
none has to be stored and all survive a restart. Whoever deletes the secret's file voids them all.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from ee_floods.engine.state.folder import StateFolder, write_atomically
from ee_floods.errors import ConfigError

__all__ = ["LIFETIME_S", "Tokens"]

LIFETIME_S = 3600
"""Seconds that an issued token is good for: as long as Google's access tokens."""

_SECRET_BYTES = 32
_SHORTEST = 16  # characters; a secret that somebody wrote himself must not be a word


class Tokens:
    """Issues and checks access tokens.

    Args:
        secret: The engine's secret.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    @classmethod
    def of(cls, folder: StateFolder) -> Tokens:
        """Return the tokens of a state folder; its secret is made when it is first needed.

        Raises:
            ConfigError: If the file is there and holds no secret.
        """
        path = folder.token
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(_SECRET_BYTES) + "\n", private=True)
        secret = path.read_text(encoding="utf-8").strip()
        if len(secret) < _SHORTEST:
            raise ConfigError(
                f"{path} holds no access token: it must have at least {_SHORTEST} characters.",
                remedy="Delete the file; a new token is made at the next start.",
            )
        return cls(secret)

    def issue(self, now: float | None = None) -> str:
        """Return a token that is good for an hour."""
        expiry = int((time.time() if now is None else now) + LIFETIME_S)
        return f"{expiry}.{self._keyed('access', str(expiry))}"

    def accepts(self, token: str, now: float | None = None) -> bool:
        """Whether a token is the secret, or one that was issued and has not expired; in constant time."""
        given = token.encode("utf-8", "replace")
        expiry, _, signature = token.partition(".")
        digits = expiry if expiry.isascii() and expiry.isdigit() and len(expiry) <= 12 else "0"
        expected = self._keyed("access", digits).encode()
        # Both comparisons are made whatever the first one says.
        is_secret = hmac.compare_digest(given, self._secret)
        is_issued = hmac.compare_digest(signature.encode("utf-8", "replace"), expected)
        alive = int(digits) > (time.time() if now is None else now)
        return is_secret or (is_issued and alive)

    def render_name(self, text: str) -> str:
        """Return the name of a map, thumbnail or download: the same for the same request, and unguessable.

        A browser fetches tiles and downloads without headers of ours, so their address is their right. A
        plain digest of the request would let whoever can guess a graph compute its address; a keyed one does
        not.
        """
        digest = self._keyed("render", text)
        return f"{digest[:32]}-{digest[32:]}"

    def _keyed(self, purpose: str, text: str) -> str:
        message = f"{purpose}\0{text}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()
