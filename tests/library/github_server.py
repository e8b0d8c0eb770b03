"""GitHub's REST API over HTTP on this machine, repositories in memory: as strict as the real one where it counts."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.library.provider_http import Answer, Asked, ProviderHttp, Refused, told

STEPS = (
    ("user", "GET", r"user"),
    ("list", "GET", r"user/repos"),
    ("create", "POST", r"user/repos"),
    ("create", "POST", r"orgs/[^/]+/repos"),
    ("repository", "GET", r"repos/[^/]+/[^/]+"),
    ("delete", "DELETE", r"repos/[^/]+/[^/]+"),
    ("head", "GET", r"repos/[^/]+/[^/]+/git/ref/heads/.+"),
    ("blob", "POST", r"repos/[^/]+/[^/]+/git/blobs"),
    ("read commit", "GET", r"repos/[^/]+/[^/]+/git/commits/[0-9a-f]+"),
    ("tree", "POST", r"repos/[^/]+/[^/]+/git/trees"),
    ("commit", "POST", r"repos/[^/]+/[^/]+/git/commits"),
    ("move", "PATCH", r"repos/[^/]+/[^/]+/git/refs/heads/.+"),
    ("branch", "POST", r"repos/[^/]+/[^/]+/git/refs"),
    ("delete branch", "DELETE", r"repos/[^/]+/[^/]+/git/refs/heads/.+"),
)


@dataclass(slots=True)
class Account:
    """Whose a token is, and what it lets them do."""

    login: str
    scopes: frozenset[str] = frozenset({"repo"})
    organisations: frozenset[str] = frozenset()


@dataclass(slots=True)
class GitRepository:
    """A repository."""

    id: int
    owner: str
    name: str
    private: bool = False
    description: str | None = None
    default_branch: str = "main"
    blobs: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Sha: tree, parents, message.
    commits: dict[str, tuple[str, tuple[str, ...], str]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)

    def put(self, branch: str, files: dict[str, bytes], message: str) -> str:
        """A push by somebody else."""
        shas = {path: self.blob(data) for path, data in files.items()}
        parents = (self.heads[branch],) if branch in self.heads else ()
        before = self.trees[self.commits[parents[0]][0]] if parents else {}
        sha = self.commit(self.tree({**before, **shas}), parents, message)
        self.heads[branch] = sha
        return sha

    def blob(self, data: bytes) -> str:
        """Bytes, by their sha."""
        sha = _sha(b"blob", data)
        self.blobs[sha] = data
        return sha

    def tree(self, entries: dict[str, str]) -> str:
        """A tree, by its sha."""
        sha = _sha(b"tree", json.dumps(sorted(entries.items())).encode())
        self.trees[sha] = entries
        return sha

    def commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """A commit, by its sha."""
        sha = _sha(b"commit", json.dumps([tree, parents, message, len(self.commits)]).encode())
        self.commits[sha] = (tree, parents, message)
        return sha

    def files(self, branch: str) -> dict[str, bytes]:
        """What is on a branch."""
        tree = self.trees[self.commits[self.heads[branch]][0]]
        return {path: self.blobs[sha] for path, sha in tree.items()}

    def history(self, branch: str) -> list[str]:
        """Its commits, the newest first."""
        found, sha = [], self.heads[branch]
        while sha:
            found.append(sha)
            sha = next(iter(self.commits[sha][1]), "")
        return found

    def follows(self, sha: str, of: str) -> bool:
        """Whether a commit comes after another."""
        return sha == of or any(self.follows(parent, of) for parent in self.commits[sha][1])


class GitHubServer:
    """GitHub."""

    def __init__(self) -> None:
        self.http = ProviderHttp(self)
        self.tokens: dict[str, Account] = {}
        self.repositories: dict[str, GitRepository] = {}
        #: Queries of lists.
        self.listed: list[dict[str, str]] = []

    def reset(self) -> None:
        """As on its first day."""
        self.http.reset()
        for state in (self.tokens, self.repositories, self.listed):
            state.clear()

    def add(self, owner: str, name: str, *, is_empty: bool = False, **fields: Any) -> GitRepository:
        """A repository with one commit."""
        made = GitRepository(len(self.repositories) + 1, owner, name, **fields)
        self.repositories[f"{owner}/{name}".lower()] = made
        if not is_empty:
            made.put(made.default_branch, {"README.md": b"# Initial"}, "Initial commit")
        return made

    def step(self, asked: Asked) -> str:
        """Which of the steps a request is."""
        path = "/".join(asked.parts)
        for name, method, pattern in STEPS:
            if asked.method == method and re.fullmatch(pattern, path):
                return name
        raise AssertionError(f"GitHub has nothing at {asked.method} {path}")

    def take(self, step: str, asked: Asked) -> Answer:
        """Take it."""
        assert asked.headers["accept"] == "application/vnd.github+json"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        assert asked.headers["user-agent"]
        who = self.tokens.get(asked.bearer)
        if who is None:
            raise refused(401, "Bad credentials")
        match step:
            case "user":
                return told(
                    {"login": who.login, "id": 1, "name": None, "email": "x@example.org", "plan": {"name": "pro"}}
                )
            case "list":
                return self._list(asked.query, who)
            case "create":
                return self._create(asked, who)
            case _:
                return self._of_repository(step, asked, who)

    def _list(self, query: Any, who: Account) -> Answer:
        self.listed.append(dict(query))
        page, size = int(query.get("page", "1")), int(query.get("per_page", "30"))
        mine = [made for made in self.repositories.values() if made.owner == who.login]
        headers = {}
        if len(mine) > page * size:
            headers["Link"] = f'<https://evil.example.org/next>; rel="next", <{self.http.url}/x>; rel="last"'
        return told([self._shown(made) for made in mine[(page - 1) * size : page * size]], 200, **headers)

    def _create(self, asked: Asked, who: Account) -> Answer:
        owner = who.login if asked.parts[0] == "user" else asked.parts[1]
        wish = asked.json()
        if owner != who.login and owner not in who.organisations:
            raise refused(404, "Not Found")
        if f"{owner}/{wish['name']}".lower() in self.repositories:
            problem = {"resource": "Repository", "code": "custom", "message": "name already exists on this account"}
            raise Refused(told({"message": "Repository creation failed.", "errors": [problem]}, 422))
        made = self.add(
            owner,
            wish["name"],
            is_empty=not wish.get("auto_init"),
            private=wish.get("private", False),
            description=wish.get("description") or None,
        )
        return told(self._shown(made), 201)

    def _of_repository(self, step: str, asked: Asked, who: Account) -> Answer:
        made = self.repositories.get("/".join(asked.parts[1:3]).lower())
        if made is None or (made.private and "repo" not in who.scopes):
            raise refused(404, "Not Found")
        if step == "repository":
            return told(self._shown(made))
        if step == "delete":
            if "delete_repo" not in who.scopes:
                raise refused(403, "Must have admin rights to Repository.")
            del self.repositories[f"{made.owner}/{made.name}".lower()]
            return Answer(204)
        if not made.heads:
            raise refused(409, "Git Repository is empty.")
        if step not in ("head", "read commit") and made.owner != who.login and made.owner not in who.organisations:
            raise refused(403, "Resource not accessible by integration")
        return self._git(step, asked, made)

    def _git(self, step: str, asked: Asked, made: GitRepository) -> Answer:
        last = "/".join(asked.parts[6:]) if step in ("head", "move", "delete branch") else asked.parts[-1]
        if step in ("head", "move", "delete branch") and last not in made.heads:
            raise refused(404 if step == "head" else 422, "Reference does not exist")
        match step:
            case "head":
                return told({"ref": f"refs/heads/{last}", "object": {"sha": made.heads[last], "type": "commit"}})
            case "read commit":
                return told({"sha": last, "tree": {"sha": made.commits[last][0]}})
            case "blob":
                assert asked.json()["encoding"] == "base64"
                return told({"sha": made.blob(base64.b64decode(asked.json()["content"], validate=True))}, 201)
            case "tree":
                return told({"sha": self._tree(asked.json(), made)}, 201)
            case "commit":
                return self._commit(asked.json(), made)
            case "delete branch":
                del made.heads[last]
                return Answer(204)
            case "branch":
                return self._branch(asked.json(), made)
            case _:
                return self._move(asked.json(), made, last)

    def _tree(self, wish: Any, made: GitRepository) -> str:
        assert all(entry["mode"] == "100644" and entry["sha"] in made.blobs for entry in wish["tree"])
        return made.tree({**made.trees[wish["base_tree"]], **{entry["path"]: entry["sha"] for entry in wish["tree"]}})

    def _commit(self, wish: Any, made: GitRepository) -> Answer:
        assert wish["tree"] in made.trees
        assert all(parent in made.commits for parent in wish["parents"])
        sha = made.commit(wish["tree"], tuple(wish["parents"]), wish["message"])
        return told({"sha": sha, "html_url": f"https://github.com/{made.owner}/{made.name}/commit/{sha}"}, 201)

    def _branch(self, wish: Any, made: GitRepository) -> Answer:
        name = wish["ref"].removeprefix("refs/heads/")
        if name in made.heads:
            raise refused(422, "Reference already exists")
        made.heads[name] = wish["sha"]
        return told({"ref": wish["ref"]}, 201)

    def _move(self, wish: Any, made: GitRepository, name: str) -> Answer:
        if not wish["force"] and not made.follows(wish["sha"], made.heads[name]):
            raise refused(422, "Update is not a fast forward")
        made.heads[name] = wish["sha"]
        return told({"ref": f"refs/heads/{name}"})

    def _shown(self, made: GitRepository) -> dict[str, Any]:
        url = f"https://github.com/{made.owner}/{made.name}"
        return {
            "id": made.id,
            "name": made.name,
            "full_name": f"{made.owner}/{made.name}",
            "description": made.description,
            "private": made.private,
            "html_url": url,
            "clone_url": f"{url}.git",
            "default_branch": made.default_branch,
            "owner": {"login": made.owner, "id": 7},
            "permissions": {"push": True},
        }


def refused(status: int, message: str) -> Refused:
    """As GitHub says no."""
    return Refused(told({"message": message, "documentation_url": "https://docs.example.org"}, status))


def _sha(kind: bytes, data: bytes) -> str:
    return hashlib.sha1(kind + b" " + data, usedforsecurity=False).hexdigest()
