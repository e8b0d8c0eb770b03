"""Password hashes: argon2id, self-describing, made with the parameters of the settings."""

from argon2 import PasswordHasher, Type

from app.settings import AuthSettings


def hash_password(password: str, settings: AuthSettings) -> str:
    """A hash in the standard form, `$argon2id$v=19$m=…`. Takes tens of milliseconds of one core on purpose."""
    hasher = PasswordHasher(
        time_cost=settings.argon2_time_cost, memory_cost=settings.argon2_memory_kib, parallelism=1, type=Type.ID
    )
    return hasher.hash(password)
