"""A service account of the engine's own, for clients that cannot go without credentials.

The `earthengine` command line knows no anonymous access. It takes a service-account key whose `token_uri`
says where to trade a signed assertion for an access token (RFC 7523): here, that is this server.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ee_floods.engine.state.folder import StateFolder, write_atomically

__all__ = ["TOKEN_PATH", "RefusedAssertionError", "ServiceAccount"]

TOKEN_PATH = "/ee-floods/v1/token"
"""Where the server trades assertions for access tokens."""

_KEY_BITS = 2048  # as Google's own service-account keys
_SKEW_S = 10  # clocks of two machines may differ by this much
_LONGEST_S = (
    3600  # an assertion may not ask for longer (developers.google.com/identity, OAuth 2.0 for servers)
)
_GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"
"""The audience that google-auth writes into every assertion, wherever that goes (google.oauth2)."""


class RefusedAssertionError(Exception):
    """An assertion is refused; the message says why."""


@dataclass(frozen=True)
class ServiceAccount:
    """The engine's one account.

    Args:
        email: Its name.
        private_key: In PEM; also in the key file, which only this user may read.
        token_uri: Where its assertions are sent.
    """

    email: str
    private_key: str
    token_uri: str

    @classmethod
    def of(cls, folder: StateFolder, *, url: str, project: str) -> ServiceAccount:
        """Return the account of a state folder, and see that its files name this server.

        The key pair is made once and kept; the address of the server may differ from start to start.

        Args:
            folder: The state folder.
            url: The server's own URL.
            project: Project that clients use.
        """
        known = _read(folder)
        document = {
            "type": "service_account",
            "project_id": project,
            "private_key_id": known.get("private_key_id") or secrets.token_hex(20),
            "private_key": known.get("private_key") or _new_private_key(),
            "client_email": f"ee-floods@{project}.iam.gserviceaccount.com",
            "client_id": known.get("client_id") or str(secrets.randbelow(10**21)),
            "token_uri": f"{url}{TOKEN_PATH}",
        }
        if document != known:
            write_atomically(folder.service_account_key, json.dumps(document, indent=2), private=True)
        config = {"url": url, "project": project}
        write_atomically(folder.client_config, json.dumps(config, indent=2), private=True)
        return cls(document["client_email"], document["private_key"], document["token_uri"])

    def check(self, assertion: str) -> None:
        """Check an assertion that this account is said to have signed.

        Raises:
            RefusedAssertionError: If its signature, audience, issuer or times are wrong.
        """
        # Loaded when first needed: few starts of the server ever see an assertion.
        from google.auth import exceptions, jwt

        try:
            claims = jwt.decode(  # type: ignore[no-untyped-call]
                assertion,
                certs=self._public_key(),
                audience=[self.token_uri, _GOOGLE_TOKEN_URI],
                clock_skew_in_seconds=_SKEW_S,
            )
        except (exceptions.GoogleAuthError, ValueError) as error:
            raise RefusedAssertionError(f"Invalid JWT: {error}") from error
        if claims.get("iss") != self.email:
            raise RefusedAssertionError("Invalid issuer: Not a valid email or user ID.")
        if int(claims["exp"]) - int(claims["iat"]) > _LONGEST_S + _SKEW_S:
            raise RefusedAssertionError(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            )

    def _public_key(self) -> bytes:
        from cryptography.hazmat.primitives import serialization

        private = serialization.load_pem_private_key(self.private_key.encode(), password=None)
        return private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def _read(folder: StateFolder) -> Mapping[str, Any]:
    try:
        document = json.loads(folder.service_account_key.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # none yet, or cut short by a full disk: a new one is made
        return {}
    return document if isinstance(document, dict) else {}


def _new_private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return text.decode()
