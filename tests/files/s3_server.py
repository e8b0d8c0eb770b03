"""A service that speaks as much S3 as files need, on a port of this machine. It believes no signature that
it cannot make.

It works out signatures from the documents of AWS by itself, and compares the digest that was signed with what came.
"""

import hashlib
import hmac
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET_KEY, REGION, BUCKET = "AKIATEST", "a/secret+key", "eu-west-3", "relais-files"
LONGEST_SKEW_SECONDS = 900


class S3Server:
    """What it holds, and how it behaves."""

    def __init__(self) -> None:
        self.port = 0
        self.objects: dict[str, tuple[bytes, str, datetime]] = {}
        self.refused: list[str] = []
        #: Every request is answered with this, if it is set.
        self.failing: int | None = None
        self.page_size = 2
        self.cut = False

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _problem(handler: BaseHTTPRequestHandler, body: bytes) -> str | None:
    """Why a request is not signed by whoever holds the key; None: it is."""
    told = handler.headers
    kind, _, rest = told.get("Authorization", "").partition(" ")
    fields = dict(item.strip().partition("=")[::2] for item in rest.split(","))
    if kind != "AWS4-HMAC-SHA256" or fields.keys() != {"Credential", "SignedHeaders", "Signature"}:
        return "no signature"
    moment = told.get("x-amz-date", "")
    sent = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs((datetime.now(UTC) - sent).total_seconds()) > LONGEST_SKEW_SECONDS:
        return "skew"
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    if fields["Credential"] != f"{ACCESS_KEY}/{scope}":
        return "credential"
    names = fields["SignedHeaders"].split(";")
    must = {"host", *(name.lower() for name in told if name.lower().startswith("x-amz-"))}
    if names != sorted(names) or not must <= set(names):
        return "headers"
    digest = told.get("x-amz-content-sha256", "")
    if digest != hashlib.sha256(body).hexdigest():
        return "digest"
    url = urlsplit(handler.path)
    pairs = sorted(
        (quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(url.query, keep_blank_values=True)
    )
    canonical = "\n".join(
        [
            handler.command,
            quote(unquote(url.path), safe="/-_.~"),
            "&".join(f"{k}={v}" for k, v in pairs),
            *(f"{name}:{told[name].strip()}" for name in names),
            "",
            ";".join(names),
            digest,
        ]
    )
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + SECRET_KEY.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return None if hmac.new(key, text.encode(), "sha256").hexdigest() == fields["Signature"] else "signature"


@contextmanager
def s3_running() -> Generator[S3Server]:  # noqa: C901 - a service in one place
    """The service, for as long as the block."""
    state = S3Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Transfer-Encoding"):
                return self._say(501)
            problem = _problem(self, body)
            if problem is not None:
                state.refused.append(problem)
                return self._say(403, problem.encode())
            if state.failing is not None:
                return self._say(state.failing)
            url = urlsplit(self.path)
            bucket, _, key = unquote(url.path)[1:].partition("/")
            if bucket != BUCKET:
                return self._say(404)
            if not key:
                return self._list(dict(parse_qsl(url.query)))
            getattr(self, f"_{self.command.lower()}")(key, body)

        do_GET = do_PUT = do_HEAD = do_DELETE = _serve

        def _put(self, key: str, body: bytes) -> None:
            state.objects[key] = body, self.headers.get("Content-Type", ""), datetime.now(UTC)
            self._say(200)

        def _delete(self, key: str, _body: bytes) -> None:
            state.objects.pop(key, None)
            self._say(204)

        def _head(self, key: str, _body: bytes) -> None:
            found = state.objects.get(key)
            self._say(404) if found is None else self._say(200, found[0])

        def _get(self, key: str, _body: bytes) -> None:
            found = state.objects.get(key)
            if found is None:
                return self._say(404)
            span = self.headers.get("Range")
            if span is None:
                return self._say(200, found[0])
            first, last = span.removeprefix("bytes=").split("-")
            self._say(206, found[0][int(first) : int(last) + 1])

        def _list(self, query: dict[str, str]) -> None:
            assert query["list-type"] == "2"
            keys = sorted(key for key in state.objects if key.startswith(query.get("prefix", "")))
            start = int(query.get("continuation-token", 0))
            page, end = keys[start : start + state.page_size], start + state.page_size
            entries = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{state.objects[key][2]:%Y-%m-%dT%H:%M:%S.000Z}"
                f"</LastModified><Size>{len(state.objects[key][0])}</Size></Contents>"
                for key in page
            )
            more = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < len(keys) else ""
            self._say(200, f"<ListBucketResult>{entries}{more}</ListBucketResult>".encode())

        def _say(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if state.cut else body)
            if state.cut:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
