"""A proxy that writes down what unpatched clients send to the engine, in a form that two runs share."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

__all__ = [
    "OPERATION",
    "REQUEST_ID",
    "Exchange",
    "from_dict",
    "recorded",
    "rendered",
    "shape_of",
    "unrepeated",
]

OPERATION, REQUEST_ID = "{operation}", "{request}"
"""What stands for the ids that differ from run to run."""

_OPERATION = re.compile(r"operations/[A-Z0-9]{20,32}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RENDER = re.compile(
    r"projects/local/(?:maps|thumbnails|videoThumbnails|filmstripThumbnails|tables)/([0-9a-f]+-[0-9a-f]+)"
)
_HOP = {"connection", "content-length", "host", "transfer-encoding", "accept-encoding", "content-encoding"}


@dataclass(frozen=True)
class Exchange:
    """One request and what the answer was like.

    Args:
        method: HTTP method.
        path: Path; ids that differ from run to run are placeholders.
        query: Query parameters in order of name.
        body: JSON of the body, or None.
        status: HTTP status of the answer.
        shape: `shape_of` the answer.
    """

    method: str
    path: str
    query: list[list[str]]
    body: Any
    status: int
    shape: Any

    @property
    def label(self) -> str:
        """What stands for the name of the map, thumbnail or table that this request makes."""
        return f"{{{hashlib.sha256(self.request.encode()).hexdigest()[:12]}}}"

    @property
    def request(self) -> str:
        """The request as text, for comparison and order."""
        return json.dumps([self.method, self.path, self.query, self.body], sort_keys=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the form of a fixture file."""
        return asdict(self)


def shape_of(path: str, content_type: str, payload: bytes) -> Any:
    """Return what an answer is like: of JSON the names and types, of other answers the media type.

    The two documents that come from the client's own package are not looked into.
    """
    media = content_type.split(";")[0]
    if media != "application/json" or path.endswith(("/algorithms", "/$discovery/rest")):
        return media
    return _shape(json.loads(payload or b"null"))


def rendered(payload: bytes) -> str | None:
    """Return the secret part of the name of a new map, thumbnail or table; None of other answers."""
    match = _RENDER.search(payload[:300].decode(errors="replace"))
    return match[1] if match else None


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        value = _OPERATION.sub(f"operations/{OPERATION}", value)
        return _UUID.sub(REQUEST_ID, value)
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    return [_normal(item) for item in value] if isinstance(value, list) else value


@contextmanager
def recorded(engine_url: str) -> Iterator[tuple[str, list[Exchange]]]:
    """Forward to an engine; yield the proxy's URL and the list that requests are written to."""
    exchanges: list[Exchange] = []
    labels: dict[str, str] = {}
    lock = threading.Lock()

    def labelled(path: str) -> str:
        for secret, label in labels.items():
            path = path.replace(secret, label)
        return str(_normal(path))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            payload = self.rfile.read(length)
            headers = {key: value for key, value in self.headers.items() if key.lower() not in _HOP}
            answer = requests.request(
                self.command, engine_url + self.path, data=payload, headers=headers, timeout=120
            )
            address = urlsplit(self.path)
            exchange = Exchange(
                self.command,
                labelled(address.path),
                [[key, str(_normal(value))] for key, value in sorted(parse_qsl(address.query))],
                _normal(json.loads(payload)) if payload.strip() else None,
                answer.status_code,
                shape_of(address.path, answer.headers.get("content-type", ""), answer.content),
            )
            secret = rendered(answer.content) if self.command == "POST" else None
            with lock:
                exchanges.append(exchange)
                if secret is not None:
                    labels[secret] = exchange.label
            # The discovery document and object links name the engine; the client stays with the proxy.
            content = answer.content.replace(engine_url.encode(), here.encode())
            self.send_response(answer.status_code)
            for key, value in answer.headers.items():
                if key.lower() not in _HOP:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _forward

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here, exchanges
    finally:
        server.shutdown()
        server.server_close()


def unrepeated(exchanges: list[Exchange]) -> list[Exchange]:
    """Return exchanges in order, each request once; polling repeats some."""
    seen: dict[str, Exchange] = {}
    for exchange in exchanges:
        seen.setdefault(exchange.request, exchange)
    return list(seen.values())


def from_dict(document: Mapping[str, Any]) -> Exchange:
    """Read the form of `Exchange.to_dict`."""
    return Exchange(**document)
