"""Passwords: hashed with argon2id, checked against whatever scheme a hash names, in threads of their own.

Hashing takes tens of milliseconds of one core on purpose. It never runs on the event loop, never on more cores than
the settings give it, and never with a long queue in front of it: reads go on while many sign in.
"""

import asyncio
import hashlib
import hmac
import os
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error

from app.errors import ErrorSpec, refuse
from app.settings import AuthSettings

TOO_BUSY = ErrorSpec("TOO_BUSY", 503, "Trop de connexions en cours, réessayez dans un instant")
#: What the browsers' own store hashed with: `pbkdf2-sha256$iterations$salt$hash`, salt and hash as text.
PBKDF2 = "pbkdf2-sha256"
_MOST_ITERATIONS = 1_000_000
#: What a helper of that store gave as password to accounts without one: everybody knows it, so it is nobody's.
_GIVEN = "reset"
_SAMPLE = "Une phrase pour mesurer, 1 fois"
_MOST_PASSES = 10
_MOST_KEPT_PASSES = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right, and the hash that should take the place of the one kept."""

    right: bool
    better: str | None = None


class Passwords:
    """Hashes and checks, a bounded number at once."""

    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings
        self._threads = settings.password_threads or max(1, (os.cpu_count() or 1) - 1)
        self._pool = ThreadPoolExecutor(self._threads, "passwords")
        self._taken = 0
        self._hasher: PasswordHasher | None = None
        #: The most passes of any hash that this process has met.
        self._dearest = 0

    async def hash(self, password: str) -> str:
        """A hash in the standard form, `$argon2id$v=19$m=…`."""
        return await self._run(lambda: self._ready().hash(_normal(password)))

    async def check(self, password: str, kept: str | None) -> Verdict:
        """Whether a password is the one kept; without one kept it takes as long to say no."""
        return await self._run(partial(self._checked, password, kept))

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._taken >= self._threads + self._settings.password_queue:
            raise refuse(TOO_BUSY, headers={"Retry-After": "1"})
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._taken -= 1

    def _checked(self, password: str, kept: str | None) -> Verdict:
        hasher = self._ready()
        if kept is not None and kept.startswith(f"{PBKDF2}$"):
            right = _is_pbkdf2(password, kept)
            # Whoever measures must not learn which accounts were imported: a new hash takes as long as a check.
            better = hasher.hash(_normal(password))
            return Verdict(right, better if right else None)
        if kept is None:
            self._work(self._dearest)
            return Verdict(False)
        passes = min(_passes_of(kept), _MOST_KEPT_PASSES)
        self._dearest = max(self._dearest, passes)
        try:
            hasher.verify(kept, _normal(password))
        except (Argon2Error, ValueError):  # the latter of what is no hash at all
            # Machines measure differently: whatever was kept, to be refused takes as long as the dearest one does.
            self._work(self._dearest - passes)
            return Verdict(False)
        return Verdict(True, hasher.hash(_normal(password)) if _is_weaker(kept, hasher) else None)

    def _work(self, passes: int) -> None:
        if passes > 0:
            _hasher(self._settings, passes).hash(_SAMPLE)

    def _ready(self) -> PasswordHasher:
        if self._hasher is None:
            hasher = make_hasher(self._settings)
            self._dearest = max(self._dearest, hasher.time_cost)
            self._hasher = hasher
        return self._hasher


def hash_password(password: str, settings: AuthSettings) -> str:
    """The hash of one password, here and now: for commands."""
    return make_hasher(settings).hash(_normal(password))


def make_hasher(settings: AuthSettings) -> PasswordHasher:
    """A hasher with the passes of the settings, or as many as take the time that the settings name on this machine."""
    if settings.argon2_time_cost is not None:
        return _hasher(settings, settings.argon2_time_cost)
    least = 2
    hasher = _hasher(settings, least)
    milliseconds = min(_milliseconds(hasher) for _ in range(3))
    passes = round(least * settings.argon2_milliseconds / milliseconds)
    return _hasher(settings, min(max(passes, least), _MOST_PASSES))


def _milliseconds(hasher: PasswordHasher) -> float:
    began = time.thread_time()
    hasher.hash(_SAMPLE)
    return max((time.thread_time() - began) * 1000, 0.001)


def _hasher(settings: AuthSettings, passes: int) -> PasswordHasher:
    return PasswordHasher(time_cost=passes, memory_cost=settings.argon2_memory_kib, parallelism=1, type=Type.ID)


def _normal(password: str) -> bytes:
    # The same letters, however a keyboard composes them.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _passes_of(kept: str) -> int:
    try:
        return int(_parameters(kept)["t"])
    except (KeyError, ValueError):
        return 0


def _parameters(kept: str) -> dict[str, str]:
    return dict(part.split("=", 1) for field in kept.split("$") for part in field.split(",") if "=" in part)


def _is_weaker(kept: str, hasher: PasswordHasher) -> bool:
    """Whether a hash costs less than one made now. Never the other way: another process may have measured more."""
    parts = _parameters(kept)
    try:
        return int(parts["t"]) < hasher.time_cost or int(parts["m"]) < hasher.memory_cost
    except (KeyError, ValueError):
        return True


def _is_pbkdf2(password: str, kept: str) -> bool:
    try:
        _, iterations, salt, digest = kept.split("$")
        rounds = int(iterations)
    except ValueError:
        return False
    if not 1 <= rounds <= _MOST_ITERATIONS:
        return False
    made = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8", "surrogatepass"), salt.encode(), rounds, 32)
    return hmac.compare_digest(made.hex().encode(), digest.encode()) and password != _GIVEN
