"""Keys, tokens and signatures taken out of messages before anybody sees or logs them."""

from __future__ import annotations

import re

__all__ = ["redact"]

_HIDDEN = "[redacted]"
_PATTERNS = (
    re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]+"),
    re.compile(
        r"(?i)((?:x-goog-(?:signature|credential|security-token)|signature|access_token|refresh_token|"
        r"id_token|client_secret|api_key|key|token)=)[^&\s\"']+"
    ),
    re.compile(
        r"(?i)([\"'](?:access_token|refresh_token|id_token|client_secret|private_key|api_key)[\"']\s*:\s*"
        r"[\"'])[^\"']+"
    ),
    re.compile(r"()\bya29\.[A-Za-z0-9._-]+"),  # how Google's access tokens begin
)


def redact(text: str) -> str:
    """Return the text with bearer tokens, keys, secrets and URL signatures replaced."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: match[1] + _HIDDEN, text)
    return text
