"""What people do with the library, for Locust: visitors look around, members save and vote, authors write, moderators
moderate, in the proportions and with the pauses of people.

    make load                           starts an API of its own, fills it, and asks it for a minute
    locust -f tests/load/locustfile.py --host http://127.0.0.1:8000

Moderators sign in as `LOAD_MODERATOR` (`address:password`); without it there are none.
"""

import os
import random
import secrets
from typing import Any

from locust import HttpUser, between, tag, task

PASSWORD = "Une-Phrase-Pour-Charger-1"
WORDS = ("guide", "python", "données", "carte", "atelier", "méthode", "sql", "dessin", "jardin", "calcul")
SORTS = ("createdAt", "viewsCount", "averageRating")
_MODERATOR = os.environ.get("LOAD_MODERATOR", "")


class Visitor(HttpUser):
    """Somebody who has not signed in."""

    weight = 60
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Nobody yet, who knows of nothing."""
        self.chance = random.Random(secrets.token_bytes(8))
        self.seen: list[str] = []

    def ask(self, path: str, name: str = "", **options: Any) -> Any:
        """A read; what comes back, or None."""
        with self.client.get(path, name=name or path.partition("?")[0], catch_response=True, **options) as answer:
            if answer.status_code not in (200, 206, 304):
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
                return None
            return answer.json() if answer.content else None

    @task(4)
    def home(self) -> None:
        """The first page: the newest resources, categories, pending suggestions."""
        self._look_at(self.ask("/api/resources?limit=20"))
        self.ask("/api/categories")
        self.ask("/api/suggestions?status=pending&limit=5")

    @task(5)
    def a_list(self) -> None:
        """A page of a list, in some order."""
        sort, page = self.chance.choice(SORTS), self.chance.randint(1, 4)
        self._look_at(self.ask(f"/api/resources?limit=20&sortBy={sort}&page={page}"))

    @task(3)
    def a_search(self) -> None:
        """A word in the search box."""
        self._look_at(self.ask(f"/api/resources?search={self.chance.choice(WORDS)}&limit=20", "/api/resources?search="))

    @task(6)
    def a_resource(self) -> None:
        """One resource, what was said about it, and that it was looked at."""
        if not self.seen:
            return
        which = self.chance.choice(self.seen)
        self.ask(f"/api/resources/{which}", "/api/resources/:id")
        self.ask(f"/api/resources/{which}/comments", "/api/resources/:id/comments")
        self.client.post(f"/api/resources/{which}/view", name="/api/resources/:id/view")

    @tag("dialect")
    @task(3)
    def by_the_dialect(self) -> None:
        """What the swapped client asks for."""
        select = "select=*,profiles!user_id(username,full_name,avatar_url)"
        self.ask(f"/rest/v1/resources?{select}&visibility=eq.public&order=created_at.desc&limit=20")

    def _look_at(self, told: Any) -> None:
        if told:
            self.seen = [row["id"] for row in told["data"]] or self.seen


class Member(Visitor):
    """Somebody who has signed up: saves, marks, comments, votes."""

    weight = 25

    def on_start(self) -> None:
        """Sign up."""
        super().on_start()
        body = {"email": f"charge.{secrets.token_hex(8)}@example.org", "password": PASSWORD}
        told = self.client.post("/api/auth/signup", json=body).json()
        self.client.headers["Authorization"] = f"Bearer {told['access_token']}"
        self.id = told["user"]["id"]

    def do(self, method: str, path: str, name: str, body: Any = None, *, fine: tuple[int, ...] = ()) -> Any:
        """A write; `fine` are refusals that people meet: saved already, voted already."""
        with self.client.request(method, path, json=body, name=name, catch_response=True) as answer:
            if answer.status_code >= 400 and answer.status_code not in fine:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
                return None
            answer.success()
            return answer.json() if answer.content and answer.status_code < 400 else None

    @task(2)
    def notifications(self) -> None:
        """What has happened."""
        self.ask("/api/notifications?limit=20")
        self.ask("/api/notifications/unread-count")

    @task(2)
    def save(self) -> None:
        """Keep a resource at hand."""
        if self.seen:
            which = self.chance.choice(self.seen)
            self.do("POST", f"/api/resources/{which}/save", "/api/resources/:id/save", fine=(400,))

    @task(1)
    def mark(self) -> None:
        """Give a mark."""
        if self.seen:
            path, mark = f"/api/resources/{self.chance.choice(self.seen)}/rating", {"rating": self.chance.randint(1, 5)}
            self.do("POST", path, "/api/resources/:id/rating", mark, fine=(400,))

    @task(1)
    def comment(self) -> None:
        """Say something."""
        if self.seen:
            path = f"/api/resources/{self.chance.choice(self.seen)}/comments"
            self.do("POST", path, "/api/resources/:id/comments (post)", {"content": "Merci, c'est utile."})

    @task(1)
    def vote(self) -> None:
        """Vote on a suggestion."""
        told = self.ask("/api/suggestions?status=pending&limit=5")
        if told and told["data"]:
            which = self.chance.choice(told["data"])["id"]
            self.do("POST", f"/api/suggestions/{which}/vote", "/api/suggestions/:id/vote", {"voteType": "upvote"})


class Author(Member):
    """Somebody who writes."""

    weight = 10

    def on_start(self) -> None:
        """Nothing written yet."""
        super().on_start()
        self.own: list[str] = []

    @task(3)
    def write(self) -> None:
        """A new resource."""
        body = {
            "title": f"Essai de charge {secrets.token_hex(3)}",
            "description": "Une ressource écrite pendant un essai de charge.",
            "category": "Essai",
            "tags": self.chance.sample(WORDS, 3),
        }
        made = self.do("POST", "/api/resources", "/api/resources (post)", body)
        if made:
            self.own = [*self.own[-9:], made["id"]]

    @task(3)
    def change(self) -> None:
        """Another wording."""
        if self.own:
            path = f"/api/resources/{self.chance.choice(self.own)}"
            self.do("PUT", path, "/api/resources/:id (put)", {"description": f"Version {secrets.token_hex(3)}"})

    @task(2)
    def mine(self) -> None:
        """What the author has written."""
        self.ask(f"/api/profiles/{self.id}/resources", "/api/profiles/:id/resources")


class Moderator(Visitor):
    """Somebody who looks at what was proposed."""

    weight = 5 if _MODERATOR else 0

    def on_start(self) -> None:
        """Sign in."""
        super().on_start()
        email, _, password = _MODERATOR.partition(":")
        told = self.client.post("/api/auth/signin", json={"email": email, "password": password}).json()
        self.client.headers["Authorization"] = f"Bearer {told['access_token']}"

    @task(3)
    def queue(self) -> None:
        """What waits."""
        self.ask("/api/admin/suggestions?status=pending&limit=20")
