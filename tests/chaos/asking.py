"""One request of every class of the table, by somebody who may ask them all."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from tests.accounts.conftest import PASSWORD, Member, signed_up
from tests.conftest import run_sql
from tests.library.file_samples import sent, uploaded

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, and after how long."""

    status: int
    headers: Mapping[str, str]
    seconds: float


@dataclass(slots=True)
class Asker:
    """An administrator with a resource, a suggestion of somebody else's and a file."""

    client: httpx.AsyncClient
    member: Member
    resource: str
    suggestion: str
    file: str
    refresh_token: str

    async def ask(self, kind: str) -> Answer:
        """The answer to a request of this class."""
        began = time.monotonic()
        found = await _REQUESTS[kind](self)
        seconds = time.monotonic() - began
        if isinstance(found, bool):
            return Answer(200 if found else 503, {}, seconds)
        return Answer(found.status_code, found.headers, seconds)

    async def all(self) -> dict[str, Answer]:
        """The answers to one of each, asked at once."""
        answers = await asyncio.gather(*(self.ask(kind) for kind in _REQUESTS))
        return dict(zip(_REQUESTS, answers, strict=True))

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.member.headers)

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.member.headers)

    async def change(self) -> httpx.Response:
        path = f"/rest/v1/resources?id=eq.{self.resource}"
        return await self.client.patch(path, json={"title": "Autrement"}, headers=self.member.headers)

    async def new_resource(self, title: str = "Nouvelle") -> httpx.Response:
        return await self.post("/api/resources", {"title": title, "description": "Chaos"})

    async def sign_in(self) -> httpx.Response:
        return await self.client.post("/api/auth/signin", json={"email": self.member.email, "password": PASSWORD})

    async def refresh(self) -> httpx.Response:
        answer = await self.client.post("/api/auth/refresh", json={"refresh_token": self.refresh_token})
        if answer.status_code == 200:
            self.refresh_token = answer.json()["refresh_token"]
        return answer

    async def connect(self) -> bool:
        """Whether realtime lets them in."""
        client = socketio.AsyncClient(reconnection=False)
        options: dict[str, Any] = {"transports": ["websocket"], "wait_timeout": PATIENCE_SECONDS}
        try:
            await client.connect(str(self.client.base_url), auth={"token": self.member.access_token}, **options)
        except NotConnected:
            return False
        finally:
            await client.disconnect()
        return True


_REQUESTS: Mapping[str, Callable[[Asker], Awaitable[httpx.Response | bool]]] = {
    "read": lambda asker: asker.get("/rest/v1/resources?select=id&limit=5"),
    "write": Asker.change,
    "rpc": lambda asker: asker.post("/rest/v1/rpc/increment_resource_downloads", {"resource_id": asker.resource}),
    "list": lambda asker: asker.get("/api/resources"),
    "create": Asker.new_resource,
    "session": lambda asker: asker.get("/api/auth/session"),
    "sign_in": Asker.sign_in,
    "refresh": Asker.refresh,
    "vote": lambda asker: asker.post(f"/api/suggestions/{asker.suggestion}/vote", {"voteType": "upvote"}),
    "view": lambda asker: asker.post(f"/api/resources/{asker.resource}/view", {}),
    "upload": lambda asker: sent(asker.client, asker.member),
    "file": lambda asker: asker.get(asker.file),
    "search": lambda asker: asker.get("/api/search?q=ressource"),
    "notifications": lambda asker: asker.get("/api/notifications"),
    "admin": lambda asker: asker.get("/api/admin/users"),
    "jobs": lambda asker: asker.get("/api/admin/jobs"),
    "realtime": Asker.connect,
    "live": lambda asker: asker.get("/live"),
    "ready": lambda asker: asker.get("/ready"),
    "health": lambda asker: asker.get("/api/monitoring/health"),
    "metrics": lambda asker: asker.get("/metrics"),
}


async def asker_of(client: httpx.AsyncClient, admin_url: str) -> Asker:
    """Somebody new who may ask everything."""
    member, other = await signed_up(client), await signed_up(client)
    await run_sql(admin_url, f"update library.user_roles set role = 'super_admin' where user_id = '{member.id}'")
    body = {"title": "Une ressource", "description": "Chaos"}
    resource = await client.post("/api/resources", json=body, headers=member.headers)
    suggestion = await client.post("/api/suggestions", json={"name": "chaos", "type": "tag"}, headers=other.headers)
    file = await uploaded(client, member)
    return Asker(client, member, resource.json()["id"], suggestion.json()["id"], file["url"], member.refresh_token)
