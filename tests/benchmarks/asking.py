"""Asking a contender what the load generator would ask it, and bringing answers into one notation."""

import json
import urllib.request
from datetime import datetime
from typing import Any

from benchmarks.load import Request
from benchmarks.processes import HOST


def asked(port: int, request: Request) -> Any:
    """What a server answers to a request of the load generator's."""
    head, _, body = request.raw.encode("latin-1").partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    method, path, _ = line.split(" ")
    sent = urllib.request.Request(f"http://{HOST}:{port}{path}", data=body or None, method=method)
    for header in headers:
        sent.add_header(*header.split(": ", 1))
    opener = urllib.request.build_opener(AnyStatus())
    with opener.open(sent, timeout=10) as answer:
        text = answer.read()
        assert answer.status == request.status, text
        assert request.contains in text.decode()
        return json.loads(text) if text else None


class AnyStatus(urllib.request.HTTPErrorProcessor):
    """Takes every status for an answer."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response


def comparable(rows: list[dict[str, Any]], without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Rows with numbers and moments in one notation."""
    return [{name: _plain(name, value) for name, value in row.items() if name not in without} for row in rows]


def _plain(name: str, value: Any) -> Any:
    if name.endswith("_at"):
        return datetime.fromisoformat(value)
    return float(value) if name == "average_rating" else value
