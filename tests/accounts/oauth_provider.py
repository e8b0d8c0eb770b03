"""A provider to sign in with: GitHub's endpoints and an OpenID provider's, over HTTP on this machine.

It is as strict as the real ones: codes are good once, for the client, the address and the verifier that they were made
for. What it says, and how badly, is up to the test.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "relais-client", "relais-client-secret"
#: By the path of where a code is exchanged, where codes for it come from.
ISSUED_AT = {"/login/oauth/access_token": "/login/oauth/authorize", "/token": "/authorize"}


@dataclass(slots=True)
class Visitor:
    """Who sits in front of the browser, as the provider knows them."""

    number: int
    login: str
    name: str
    #: As GitHub lists them.
    emails: list[dict[str, Any]]
    #: Claims besides those that every ID token has.
    claims: dict[str, Any]
    userinfo: dict[str, Any]

    @property
    def sub(self) -> str:
        """Their id at the OpenID provider."""
        return f"sub-{self.number}"


def visitor(email: str, *, verified: bool = True, login: str = "") -> Visitor:
    """Somebody with one address."""
    number = secrets.randbelow(10**12) + 1
    name = login or email.partition("@")[0]
    claims = {
        "email": email,
        "email_verified": verified,
        "name": "Léa Martin",
        "picture": f"https://pictures.example.org/{number}",
    }
    emails = [{"email": email, "primary": True, "verified": verified, "visibility": None}]
    return Visitor(number, name, "Léa Martin", emails, claims, {"sub": f"sub-{number}", **claims})


@dataclass(slots=True)
class Code:
    """What a code was made for."""

    query: Mapping[str, str]
    path: str
    who: Visitor


@dataclass(slots=True)
class Answer:
    """What goes out."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def json_answer(value: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value).encode())


class ProviderServer:
    """The provider, and what tests know of it."""

    def __init__(self) -> None:
        self.url = ""
        self.who = visitor("personne@example.org")
        #: Answers instead of the right one, by path; None breaks the connection.
        self.faults: dict[str, Callable[[], Answer | None]] = {}
        #: Changes of ID tokens: claims, header; and a key that is not published.
        self.claims: dict[str, Any] = {}
        self.signed: Callable[[dict[str, Any]], str] | None = None
        #: Members of answers with tokens besides; None takes one out.
        self.grant: dict[str, Any] = {}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Visitor] = {}
        self.refresh_tokens: dict[str, Visitor] = {}
        #: Paths that were asked for, and the query of the last one that began.
        self.asked: list[str] = []
        #: What went wrong here, rather than there.
        self.mistakes: list[Exception] = []
        self.begun: dict[str, str] = {}
        self.key = _new_key()

    def reset(self) -> None:
        """Be right again."""
        self.faults.clear()
        self.claims.clear()
        self.grant.clear()
        self.asked.clear()
        self.signed = None

    def rotate(self) -> None:
        """Sign with another key from now on; the one before is forgotten."""
        self.key = _new_key()

    def answer(self, path: str, query: dict[str, str], form: dict[str, str], bearer: str) -> Answer | None:
        """What a request gets."""
        self.asked.append(path)
        if path in self.faults:
            return self.faults[path]()
        match path:
            case "/login/oauth/authorize" | "/authorize":
                return self._authorize(path, query)
            case "/login/oauth/access_token" | "/token":
                return self._token(path, form)
            case "/.well-known/openid-configuration":
                return json_answer(self._description())
            case "/jwks":
                return json_answer({"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": "RS256"}]})
            case _:
                return self._told(path, self.tokens.get(bearer))

    def _told(self, path: str, who: Visitor | None) -> Answer:
        if who is None:
            return json_answer({"message": "Bad credentials"}, 401)
        user = {
            "id": who.number,
            "login": who.login,
            "name": who.name,
            "avatar_url": f"https://avatars.example.org/{who.number}",
            # What they show to everybody: nothing that anybody has verified.
            "email": "affiche@example.org",
        }
        told: dict[str, object] = {"/user": user, "/user/emails": who.emails, "/userinfo": who.userinfo}
        return json_answer(told[path]) if path in told else json_answer({"message": "Not Found"}, 404)

    def _authorize(self, path: str, query: dict[str, str]) -> Answer:
        self.begun = query
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert len(query["code_challenge"]) == 43
        code = secrets.token_urlsafe(16)
        self.codes[code] = Code(query, path, self.who)
        back = urlencode({"code": code, "state": query["state"]})
        return Answer(302, headers={"Location": f"{query['redirect_uri']}?{back}"})

    def _token(self, path: str, form: dict[str, str]) -> Answer:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return self._refused(path, "invalid_client")
        if form.get("grant_type") == "refresh_token":
            who = self.refresh_tokens.get(form["refresh_token"])
            return self._refused(path, "invalid_grant") if who is None else json_answer(self._granted(path, who, {}))
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or ISSUED_AT[path] != code.path or form.get("redirect_uri") != code.query["redirect_uri"]:
            return self._refused(path, "bad_verification_code" if path != "/token" else "invalid_grant")
        if _challenge(form.get("code_verifier", "")) != code.query["code_challenge"]:
            return self._refused(path, "invalid_grant")
        return json_answer(self._granted(path, code.who, code.query))

    def _refused(self, path: str, error: str) -> Answer:
        # GitHub says so with a status of success.
        return json_answer({"error": error, "error_description": "<b>non</b>"}, 400 if path == "/token" else 200)

    def _granted(self, path: str, who: Visitor, query: Mapping[str, str]) -> dict[str, Any]:
        token = f"access-{secrets.token_urlsafe(12)}"
        self.tokens[token] = who
        granted: dict[str, Any] = {"access_token": token, "token_type": "bearer"}
        if path == "/token":
            refresh = f"refresh-{secrets.token_urlsafe(12)}"
            self.refresh_tokens[refresh] = who
            granted |= {"token_type": "Bearer", "expires_in": 3599, "refresh_token": refresh}
            granted["scope"] = "openid email profile"
            if query:
                granted["id_token"] = self._id_token(who, query["nonce"], token)
        else:
            granted["scope"] = "read:user,user:email"
        granted |= self.grant
        return {name: value for name, value in granted.items() if value is not None}

    def _id_token(self, who: Visitor, nonce: str, access_token: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "azp": CLIENT_ID,
            "sub": who.sub,
            "iat": now,
            "exp": now + 3600,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            **who.claims,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.signed is not None:
            return self.signed(claims)
        return signed(self.key, {"alg": "RS256", "kid": self.key.kid}, claims)

    def _description(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }


@contextmanager
def provider_running() -> Generator[ProviderServer]:
    """A provider that answers."""
    provider = ProviderServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            self._respond(_single(body))

        def _respond(self, form: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
            try:
                answer = provider.answer(parts.path, _single(parts.query), form, bearer)
            except Exception as error:
                provider.mistakes.append(error)
                answer = None
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                # Whoever asked may have had enough.
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def signed(key: RSAKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token, whatever is in it."""
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, [header["alg"]])


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(8)}, private=True)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _single(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
