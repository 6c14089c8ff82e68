"""Errors in the service's own form: an HTTP status, a status word and a message."""

from __future__ import annotations

from typing import Any

__all__ = ["EngineError", "bad_request", "located", "not_found"]

_STATUS_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class EngineError(Exception):
    """An error that a client sees as `{"error": {"code", "message", "status"}}`.

    Args:
        message: The service's wording where it is known.
        code: HTTP status.
        status: Status word; by default the one that belongs to `code`.
    """

    def __init__(self, message: str, code: int = 400, status: str | None = None) -> None:
        super().__init__(message, code, status)
        self.message = message
        self.code = code
        self.status = status or _STATUS_WORDS.get(code, "UNKNOWN")

    def __str__(self) -> str:
        return self.message

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return {"error": {"code": self.code, "message": self.message, "status": self.status}}


def located(error: EngineError, name: str) -> EngineError:
    """Return the error with the name of the innermost algorithm in front."""
    if getattr(error, "located", False):
        return error
    between = ", " if error.message.startswith("argument '") else ": "
    found = type(error)(f"{name}{between}{error.message}", error.code, error.status)
    found.located = True  # type: ignore[attr-defined]
    return found


def bad_request(message: str) -> EngineError:
    """Return an INVALID_ARGUMENT error."""
    return EngineError(message, 400)


def not_found(asset_id: str, kind: str = "asset") -> EngineError:
    """Return the service's answer for an asset that is absent or not readable."""
    return EngineError(
        f"{kind.capitalize()} '{asset_id}' not found (does not exist or caller does not have access).", 404
    )
