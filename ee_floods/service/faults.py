"""What went wrong at the service: HTTP status and wording turned into this package's errors.

This is the only place that reads the service's words. The wordings are those that users of the service report
(the tests name where), and the rules are tried from top to bottom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ee_floods.errors import (
    AccessError,
    EEFloodsError,
    QuotaError,
    RestrictedModeError,
    ServiceError,
    TransientError,
)
from ee_floods.service.redaction import redact

__all__ = [
    "NotFoundError",
    "RateLimitError",
    "RequestTooLargeError",
    "classify",
    "classify_message",
    "status_of",
]


class RateLimitError(QuotaError):
    """Too many requests at once or a minute: the same request can succeed later."""


class RequestTooLargeError(QuotaError):
    """One request asked for too much (bytes, memory, time): half of it may pass, the same again never."""


class ConflictError(ServiceError):
    """Something is there already, or changed since it was looked at."""


class NotFoundError(AccessError):
    """An asset, operation or object is not there; the service says the same when it may not be read."""


@dataclass(frozen=True)
class _Rule:
    kind: type[ServiceError]
    words: str
    remedy: str
    statuses: frozenset[int] = frozenset()
    """Statuses that decide by themselves, whatever the words."""


_SMALLER = (
    "Ask for less at once: a smaller area, fewer bands or a coarser scale; or run it as a batch export."
)
_REGISTER = (
    "Register the project at https://code.earthengine.google.com/register and enable its Earth Engine API."
)

_RULES: tuple[_Rule, ...] = (
    _Rule(
        RestrictedModeError,
        r"restricted mode|noncommercial compute quota|EECU.{0,40}(quota|limit).{0,20}exceeded|"
        r"exceeded.{0,60}(monthly|EECU).{0,20}(quota|limit)",
        "Retrying cannot help: the project's compute of this month is spent. Wait for next month or change "
        "its tier (https://developers.google.com/earth-engine/guides/noncommercial_tiers).",
    ),
    _Rule(
        AccessError,
        r"not signed up for Earth Engine|is not registered to use Earth Engine|"
        r"API has not been used in project|it is disabled\. Enable it|no project found",
        _REGISTER,
    ),
    _Rule(
        AccessError,
        r"Please authorize access to your Earth Engine account|authentication credential|invalid_grant|"
        r"insufficient authentication scopes|could not automatically determine credentials|"
        r"default credentials were not found|Reauthentication is needed",
        "Run `earthengine authenticate`.",
        frozenset({401}),
    ),
    _Rule(
        RequestTooLargeError,
        r"total request size|must be less than or equal to \d+ bytes|user memory limit exceeded|"
        r"request payload size exceeds|computation timed out|computed value is too large|"
        r"pixel grid dimensions|out of memory|too many pixels in the region|output of image computation is "
        r"too large|accumulat\w+ over \d+ elements",
        _SMALLER,
        frozenset({413}),
    ),
    _Rule(
        RateLimitError,
        r"too many requests|too many concurrent aggregations|quota exceeded for quota metric|"
        r"rate limit exceeded|request rate|concurrency limit|rateLimitExceeded|userRateLimitExceeded",
        "Ask for fewer requests at once.",
        frozenset({429}),
    ),
    _Rule(
        QuotaError,
        r"too many tasks already in the queue|storage (space|quota).{0,30}exceed|asset quota|"
        r"exceeds? the (maximum|allowed) number of (assets|pixels)|export too large|daily limit exceeded|"
        r"quota.{0,40}exceeded",
        "See the project's quota with `ee-floods doctor`.",
    ),
    _Rule(
        ConflictError,
        r"cannot overwrite asset|already exists|pre-?conditions? (you specified )?(did not hold|failed)|"
        r"conditionNotMet",
        "Give another name, or overwrite what is there (`--overwrite`).",
        frozenset({409, 412}),
    ),
    _Rule(
        NotFoundError,
        r"does not exist or caller does not have access|asset .{1,300} not found|"
        r"does not exist or doesn't allow this operation|no such (object|bucket|operation)|"
        r"operation .{0,200}not found|bucket .{0,100}(does not exist|not found)",
        "Is the name right, and may you read it?",
        frozenset({404}),
    ),
    _Rule(
        AccessError,
        r"permission|caller does not have|access denied|forbidden",
        "Ask the owner for access, or use another project.",
        frozenset({403}),
    ),
    _Rule(
        TransientError,
        r"memory capacity exceeded|earth engine capacity exceeded|please try again|an internal error|"
        r"internal error\.?$|service (is )?(currently )?unavailable|backend error|deadline exceeded|"
        r"connection (reset|aborted|refused|broken)|remote end closed|timed out|temporarily|bad gateway|"
        r"failed to (establish|resolve)",
        "It may pass: try again.",
        frozenset({408, 500, 502, 503, 504}),
    ),
)


def classify(error: BaseException, *, doing: str) -> EEFloodsError:
    """Return this package's error for one that a client of the service raised.

    Args:
        error: From `ee`, google-cloud-storage, google-auth, requests or Python itself.
        doing: What was being done, as `"reading pixels of ..."`; begins the message.
    """
    if isinstance(error, EEFloodsError):
        return error
    found = classify_message(str(error), status=status_of(error), doing=doing)
    if type(found) is ServiceError and _is_connection_fault(error):
        return TransientError(found.message, remedy="Is there a network? Try again.")
    return found


def classify_message(message: str, *, status: int | None = None, doing: str = "") -> ServiceError:
    """Return the error for a status and the service's words, as a failed task reports them.

    Args:
        message: The service's words.
        status: HTTP status, if there was one.
        doing: What was being done; begins the message.
    """
    clean = redact(message).strip() or "no reason was given"
    text = f"{doing[:1].upper()}{doing[1:]} failed: {clean}" if doing else clean
    rule = _rule(clean, status)
    return ServiceError(text) if rule is None else rule.kind(text, remedy=rule.remedy)


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status behind an exception, or None.

    `ee` raises an EEException while it handles the HttpError that has the status.
    """
    seen: BaseException | None = error
    for _ in range(5):  # a chain of causes is short; a bound keeps a cycle from hanging
        if seen is None:
            return None
        found = _own_status(seen)
        if found is not None:
            return found
        seen = seen.__cause__ or seen.__context__
    return None


def _rule(message: str, status: int | None) -> _Rule | None:
    worded = next((rule for rule in _RULES if re.search(rule.words, message, re.IGNORECASE)), None)
    if worded is not None:
        return worded
    return next((rule for rule in _RULES if status in rule.statuses), None)


def _own_status(error: BaseException) -> int | None:
    for holder in (getattr(error, "resp", None), getattr(error, "response", None), error):
        for name in ("status", "status_code", "code"):
            value: Any = getattr(holder, name, None)
            if isinstance(value, int) and 100 <= value < 600:
                return int(value)
    return None


def _is_connection_fault(error: BaseException) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    # requests and google-auth are imported by whoever raised these, so names are enough.
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return bool(
        names
        & {
            "requests.exceptions.ConnectionError",
            "requests.exceptions.Timeout",
            "requests.exceptions.ChunkedEncodingError",
            "google.auth.exceptions.TransportError",
            "urllib3.exceptions.HTTPError",
        }
    )
