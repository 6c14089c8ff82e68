"""The wordings are real: each names the public thread or page where a user of the service reports it."""

import pytest

from ee_floods.errors import (
    AccessError,
    ConfigError,
    QuotaError,
    RestrictedModeError,
    ServiceError,
    TransientError,
)
from ee_floods.service.faults import (
    ConflictError,
    NotFoundError,
    RateLimitError,
    RequestTooLargeError,
    classify,
    classify_message,
    status_of,
)

WORDINGS = [
    # github.com/sepal-contrib/se.plan/issues/102, gee-community/geemap/issues/1309
    ("Too many concurrent aggregations.", 429, RateLimitError),
    # google/earthengine-api, reported by clients of the high-volume endpoint
    (
        "Too Many Requests: Request was rejected because the request rate or concurrency limit was exceeded.",
        429,
        RateLimitError,
    ),
    # github.com/gee-community/qgis-earthengine-plugin/issues/202
    (
        "Quota exceeded for quota metric 'Number of read requests' and limit 'Number of read requests "
        "per minute per user' of service 'earthengine.googleapis.com' for consumer 'project_number:5994'.",
        429,
        RateLimitError,
    ),
    # github.com/gee-community/geemap/issues/1465
    ("User memory limit exceeded.", 400, RequestTooLargeError),
    # github.com/r-spatial/rgee/issues/185
    ("Computation timed out.", 400, RequestTooLargeError),
    # github.com/google/Xee/issues/209
    (
        "Total request size (57353670 bytes) must be less than or equal to 50331648 bytes.",
        400,
        RequestTooLargeError,
    ),
    ("Pixel grid dimensions (40000x10) must be less than or equal to 32768.", 400, RequestTooLargeError),
    # github.com/r-spatial/rgee/issues/220
    ("Request payload size exceeds the limit: 41943304 bytes.", 413, RequestTooLargeError),
    # github.com/openearth/hydro-engine/issues/35
    ("Earth Engine memory capacity exceeded.", 503, TransientError),
    ("An internal error has occurred. Please try again.", 500, TransientError),
    ("Internal error.", None, TransientError),  # github.com/davemlz/eemont/issues/84, a failed task
    ("The service is currently unavailable.", 503, TransientError),
    ("Backend Error", 502, TransientError),
    # the service's own wording in many export scripts
    (
        "Too many tasks already in the queue (3000). Please wait for some of them to complete.",
        400,
        QuotaError,
    ),
    # github.com/google/earthengine-api/issues/9
    (
        "Export too large: specified 1898836560 pixels (max: 1000000000). Specify higher maxPixels value if "
        "you intend to export a large area.",
        None,
        QuotaError,
    ),
    # the header's words in the client (ee.data._handle_response_headers)
    (
        "Your project has exceeded its noncommercial compute quota and is now in restricted mode.",
        429,
        RestrictedModeError,
    ),
    # github.com/google/earthengine-api/issues/163
    ("Not signed up for Earth Engine. Visit https://earthengine.google.com/signup/", 403, AccessError),
    # github.com/healthysustainablecities/global-indicators/issues/547
    (
        "Project my-project is not registered to use Earth Engine. Visit "
        "https://code.earthengine.google.com/register?project=my-project to register your project.",
        403,
        AccessError,
    ),
    (
        "Google Earth Engine API has not been used in project 522309567947 before or it is disabled. Enable "
        "it by visiting https://console.developers.google.com/apis/api then retry.",
        403,
        AccessError,
    ),
    # github.com/earthrise-media/mining-detector/issues/14
    (
        "Caller does not have required permission to use project earthindex. Grant the caller the "
        "roles/serviceusage.serviceUsageConsumer role.",
        403,
        AccessError,
    ),
    # github.com/csaybar/EarthEngineMasterGIS/issues/5
    ("Request had insufficient authentication scopes.", 403, AccessError),
    (
        "Image.load: Image asset 'projects/x/assets/y' not found (does not exist or caller does not have "
        "access).",
        400,
        NotFoundError,
    ),
    ("Collection.loadTable: Collection asset 'ft:1S4EB6319' not found.", 400, NotFoundError),
    ("Cannot overwrite asset 'projects/p/assets/x'.", 400, ConflictError),
    (
        "At least one of the pre-conditions you specified did not hold.",  # storage, ifGenerationMatch
        412,
        ConflictError,
    ),
    ("Image.select: Pattern 'foo' did not match any bands.", 400, ServiceError),
]


@pytest.mark.parametrize(("words", "status", "kind"), WORDINGS, ids=[w[:40] for w, _, _ in WORDINGS])
def test_the_services_words_become_the_right_error(words, status, kind):
    error = classify_message(words, status=status, doing="reading pixels")
    assert type(error) is kind
    assert words in str(error)
    assert kind is ServiceError or error.remedy


def test_words_count_more_than_the_status():
    # Restricted mode answers 429 like a rate limit, and retrying would never end.
    assert type(classify_message("project is in restricted mode", status=429)) is RestrictedModeError
    assert type(classify_message("", status=429)) is RateLimitError
    assert type(classify_message("who knows", status=503)) is TransientError


def test_the_status_is_found_behind_the_clients_exception():
    import ee
    from googleapiclient.errors import HttpError
    from httplib2 import Response

    try:
        try:
            raise HttpError(Response({"status": 503}), b'{"error": {"message": "busy"}}')
        except HttpError:
            raise ee.EEException("busy")  # noqa: B904  as the client does
    except ee.EEException as error:
        assert status_of(error) == 503
        assert type(classify(error, doing="asking")) is TransientError


def test_lost_connections_are_transient():
    import requests

    for error in (
        ConnectionResetError("gone"),
        TimeoutError("slow"),
        requests.exceptions.ConnectionError("x"),
    ):
        assert type(classify(error, doing="asking")) is TransientError


def test_an_error_of_ours_passes_unchanged():
    error = ConfigError("mine")
    assert classify(error, doing="asking") is error


def test_tokens_do_not_reach_the_message():
    text = str(
        classify_message(
            "GET https://x/y?X-Goog-Signature=abcdef&alt=json with Authorization: Bearer ya29.secret failed"
        )
    )
    assert "abcdef" not in text
    assert "secret" not in text
    assert "alt=json" in text
