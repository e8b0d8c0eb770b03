"""Requests that are wrong: in their grammar, names, types, media, preferences, methods, bodies, paths and tokens."""

from collections.abc import Callable
from random import Random

from .messages import Pairs, Request, query_of
from .specimens import BODIES, CALLS, CSVS, MEDIA, PATHS, PREFERENCES, QUERIES
from .tokens import bad_authorization

JSON = ("Content-Type", "application/json")
TABLES = ("/books", "/authors", "/labels", "/book_list", "/documents")


class Breaker:
    """Makes requests that are wrong, or look so."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def grammar(self) -> Request:
        """Query strings."""
        method = "GET" if self.rng.random() < 0.92 else self.rng.choice(("HEAD", "DELETE"))
        return Request("broken.grammar", method, "/books", self.rng.choice(QUERIES), (("Prefer", "tx=rollback"),))

    def media(self) -> Request:
        """Types that nobody can produce, or that nobody can read."""
        path = self.rng.choice(
            (*TABLES, "/rpc/whoami", "/rpc/some_books", "/rpc/plain_text", "/any_media", "/line_media")
        )
        if self.rng.random() < 0.7 or path.startswith("/rpc") or path == "/any_media":
            query = "select=id&order=id&limit=2" if path in ("/books", "/authors", "/labels") else ""
            return Request("broken.media", "GET", path, query, (("Accept", self.rng.choice(MEDIA)),))
        kind = self.rng.choice(
            (
                "text/html",
                "application/xml",
                "text/plain",
                "nonsense",
                "application/json; charset=latin1",
                "application/vnd.pgrst.array+json",
                "",
                "application/octet-stream",
                "multipart/form-data",
            )
        )
        return Request(
            "broken.media",
            "POST",
            "/labels",
            "",
            (("Content-Type", kind), ("Prefer", "tx=rollback")),
            b'{"id":9000,"label":"x"}',
        )

    def body(self) -> Request:
        """Bodies of JSON and CSV."""
        columns = self.rng.choice(
            ("", "", "", "columns=id,label", "columns=label", "columns=nosuch", "columns=id,level")
        )
        prefer = (
            "Prefer",
            self.rng.choice(
                (
                    "return=representation",
                    "return=minimal",
                    "return=representation, missing=default",
                    "return=representation, resolution=merge-duplicates",
                )
            ),
        )
        if self.rng.random() < 0.35:
            return Request(
                "broken.body", "POST", "/labels", columns, (("Content-Type", "text/csv"), prefer), self.rng.choice(CSVS)
            )
        method = self.rng.choice(("POST", "POST", "POST", "PATCH", "PUT"))
        query = columns if method == "POST" else "&".join(filter(None, ("id=eq.1", columns)))
        return Request("broken.body", method, "/labels", query, (JSON, prefer), self.rng.choice(BODIES))

    def preference(self) -> Request:
        """Preferences that are none."""
        preferences = self.rng.choice(PREFERENCES)
        prefer = ("Prefer", preferences)
        read = Request("broken.prefer", "GET", "/labels", "order=id&limit=3", (prefer,))
        if "tx=commit" in preferences:
            return read
        choices: tuple[Callable[[], Request], ...] = (
            lambda: read,
            lambda: Request("broken.prefer", "POST", "/labels", "", (prefer, JSON), b'{"id":9000,"label":"p"}'),
            lambda: Request("broken.prefer", "PATCH", "/labels", "id=lt.4", (prefer, JSON), b'{"level":"high"}'),
            lambda: Request("broken.prefer", "DELETE", "/book_reviewers", "book_id=lt.4", (prefer,)),
            lambda: Request("broken.prefer", "POST", "/rpc/write_labels", "", (prefer, JSON), b'{"n":2}'),
            lambda: Request("broken.prefer", "GET", "/rpc/an_instant", "", (prefer,)),
        )
        return self.rng.choice(choices)()

    def method(self) -> Request:
        """Methods that a resource does not have."""
        path = self.rng.choice((*TABLES, "/rpc/add", "/rpc/do_nothing", "/", "/nosuch", "/tree"))
        method = self.rng.choice(("PUT", "DELETE", "PATCH", "POST", "TRACE", "PROPFIND", "QUERY", "get"))
        body = b'{"a":1}' if method in ("PUT", "PATCH", "POST") else None
        return Request(
            "broken.method", method, path, self.rng.choice(("", "id=eq.1")), (JSON, ("Prefer", "tx=rollback")), body
        )

    def path(self) -> Request:
        """Paths that lead nowhere, and some that look so."""
        if self.rng.random() < 0.3:
            path, _, query = self.rng.choice(CALLS).partition("?")
            return Request("broken.call", "GET", path, query)
        query = "limit=2" if self.rng.random() < 0.3 else ""
        return Request(
            "broken.path", self.rng.choice(("GET", "GET", "GET", "DELETE", "OPTIONS")), self.rng.choice(PATHS), query
        )

    def profile(self) -> Request:
        """Schemas that are exposed, and schemas that are not."""
        schema = self.rng.choice(("api2", "api2", "api", "hidden", "extra", "API", "", "api,api2", "nosuch"))
        header = self.rng.choice(("Accept-Profile", "Accept-Profile", "Content-Profile"))
        path = self.rng.choice(("/authors", "/things", "/books", "/rpc/add", "/rpc/only_here", "/api_books", "/"))
        query = (
            "a=5"
            if path == "/rpc/add"
            else self.rng.choice(("", "select=*,authors(*)"))
            if path in ("/things", "/api_books")
            else ""
        )
        method = self.rng.choice(("GET", "GET", "HEAD", "POST", "OPTIONS"))
        pairs: Pairs = [(header, schema), JSON, ("Prefer", "tx=rollback")]
        return Request("profile", method, path, query, tuple(pairs), b'{"id":9000}' if method == "POST" else None)

    def token(self) -> Request:
        """Tokens that are refused."""
        path = self.rng.choice(("/rpc/whoami", "/rpc/claims", "/labels", "/locked", "/secrets", "/nosuch", "/"))
        method = "OPTIONS" if self.rng.random() < 0.06 else "GET"
        query = "" if path.startswith("/rpc") or path == "/" else query_of([("order", "id")], self.rng)
        return Request("broken.token", method, path, query, (("Authorization", bad_authorization(self.rng)),))
