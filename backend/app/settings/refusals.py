"""Secrets that are refused, and settings that make no sense without each other."""

from pathlib import Path

from pydantic import SecretStr

from app.settings.whole import PREFIX, Settings

#: Values that stand in examples and must never guard anything real.
EXAMPLE_SECRETS = frozenset({"change-me", "changeme", "secret", "development", "password"})
MIN_SECRET_BYTES = 32


def _held(secret: SecretStr) -> bytes | str:
    """What a secret is, or a sentence on why the file that it names cannot be read."""
    value = secret.get_secret_value()
    if not value.startswith("@"):
        return value.encode()
    try:
        return Path(value[1:]).read_bytes().removesuffix(b"\n")
    except (OSError, ValueError) as error:
        return f"names the file {value[1:]}, which cannot be read: {getattr(error, 'strerror', error)}."


def weak_secrets(settings: Settings) -> list[str]:
    """A sentence for each secret that would guard nothing, or that is missing where another needs it."""
    mistakes = _weak_secret(settings)
    key = _held(settings.auth.encryption_key) if settings.auth.encryption_key is not None else b" " * MIN_SECRET_BYTES
    if isinstance(key, str):
        mistakes.append(f"{PREFIX}AUTH_ENCRYPTION_KEY {key}")
    elif len(key) < MIN_SECRET_BYTES:
        mistakes.append(f"{PREFIX}AUTH_ENCRYPTION_KEY is shorter than {MIN_SECRET_BYTES} bytes.")
    for provider in ("github", "google"):
        known = getattr(settings.oauth, f"{provider}_client_id")
        if known and getattr(settings.oauth, f"{provider}_client_secret") is None:
            mistakes.append(f"{PREFIX}OAUTH_{provider.upper()}_CLIENT_ID is set without its CLIENT_SECRET.")
    files = settings.files
    if files.s3_bucket and not (files.s3_access_key and files.s3_secret_key is not None):
        mistakes.append(f"{PREFIX}FILES_S3_BUCKET is set without its ACCESS_KEY and SECRET_KEY.")
    return mistakes


def _weak_secret(settings: Settings) -> list[str]:
    secret = settings.auth.secret
    if secret is None:
        if settings.environment == "production":
            return [f"{PREFIX}AUTH_SECRET must be set in production: at least {MIN_SECRET_BYTES} random bytes."]
        return []
    held = _held(secret)
    if isinstance(held, str):
        return [f"{PREFIX}AUTH_SECRET {held}"]
    if held.decode("utf-8", "replace").lower() in EXAMPLE_SECRETS:
        return [f"{PREFIX}AUTH_SECRET is a value from an example; make one of your own."]
    if len(held) < MIN_SECRET_BYTES:
        return [f"{PREFIX}AUTH_SECRET is shorter than {MIN_SECRET_BYTES} bytes."]
    return []
