"""The keys of the installation: which ones sign, how old and how strong they are, and what hangs on them."""

import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from app.auth.keys import secret_bytes
from app.auth.signing import Keyring, keyring
from app.doctor.findings import Finding, advice, ok, wrong
from app.serve import check_gateway
from app.settings import EXAMPLE_SECRETS, AuthSettings, Settings, SettingsError

OLD_DAYS = 365
#: Fewer different bytes than this in 32 or more were typed by a hand: chance gives hexadecimal digits 14 of their 16.
FEW_BYTES = 9
_MAKE_ONE = "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'."


def examine_keys(settings: Settings) -> list[Finding]:
    """What signs, what is still believed, what encrypts."""
    try:
        check_gateway(settings)
        keys = keyring(settings.auth)
    except (SettingsError, ValueError) as error:
        return [wrong("Keys", str(error), "Mend the setting: the API does not start with it.")]
    return [
        _signing(settings.auth, keys),
        *_weak(settings),
        *_previous(settings.auth),
        _encryption(settings),
        *_issuers(settings),
        *_files(settings),
    ]


def _signing(auth: AuthSettings, keys: Keyring) -> Finding:
    age = _age(auth, keys)
    how_old = "of unknown age: neither a file nor the key tells it" if age is None else f"{age} days old"
    seen = f"{keys.signing.algorithm}, key {keys.signing.kid}, {how_old}"
    if age is not None and age > OLD_DAYS:
        return advice("Signing key", seen, "Change it; docs/how-to/sign-in.md, Keys, has the steps.")
    return ok("Signing key", seen)


def _age(auth: AuthSettings, keys: Keyring) -> int | None:
    """Days since the key was made, by itself (`iat`) or by the file that holds it."""
    made = keys.public[0].get("iat") if keys.public else None
    if not isinstance(made, int | float):
        source = _file(auth.signing_keys) if auth.signing_keys is not None else _file(auth.secret)
        made = source.stat().st_mtime if source is not None else None
    return None if made is None else max(0, int((time.time() - made) // 86400))


def _file(secret: SecretStr | None) -> Path | None:
    value = secret.get_secret_value() if secret is not None else ""
    return Path(value[1:]) if value.startswith("@") else None


def _weak(settings: Settings) -> list[Finding]:
    auth = settings.auth
    named = [("RELAIS_AUTH_SECRET", auth.secret), ("RELAIS_AUTH_ENCRYPTION_KEY", auth.encryption_key)]
    values = [(name, secret_bytes(value.get_secret_value())) for name, value in named if value is not None]
    values += [("RELAIS_AUTH_PREVIOUS_SECRETS", secret_bytes(value)) for value in auth.earlier_secrets()]
    tell = wrong if settings.environment == "production" else advice
    return [
        tell("Secrets", f"{name} can be guessed", f"{_MAKE_ONE} Whoever guesses it makes tokens of anybody.")
        for name, value in values
        if _is_guessable(value)
    ]


def _is_guessable(value: bytes) -> bool:
    return len(set(value)) < FEW_BYTES or value.decode("utf-8", "replace").lower().strip() in EXAMPLE_SECRETS


def _previous(auth: AuthSettings) -> list[Finding]:
    count = len(auth.earlier_secrets())
    if not count:
        return []
    seen = f"{count} of before {'is' if count == 1 else 'are'} still believed"
    days = f"{auth.session_idle_days:g} days after the change"
    remedy = f"Take RELAIS_AUTH_PREVIOUS_SECRETS away {days}; at once if it leaked."
    return [advice("Secrets", seen, remedy)]


def _encryption(settings: Settings) -> Finding:
    auth, what = settings.auth, "Encryption key"
    if auth.encryption_key is None:
        seen = "none of its own: derived from the secret"
        if settings.environment != "production":
            return ok(what, seen)
        remedy = "Set RELAIS_AUTH_ENCRYPTION_KEY, or second factors are lost with the secret."
        return advice(what, seen, f"{remedy} {_MAKE_ONE}")
    assert auth.secret is not None, "resolve the secret first"
    key, secret = (secret_bytes(item.get_secret_value()) for item in (auth.encryption_key, auth.secret))
    if key == secret:
        return advice(what, "the same as the secret", f"Give it a value of its own. {_MAKE_ONE}")
    return ok(what, "set")


def _issuers(settings: Settings) -> Sequence[Finding]:
    if settings.rest.jwt_secret is None:
        return ()
    return (ok("Issuers", "tokens of whoever has the key in RELAIS_REST_JWT_SECRET are believed as ours are"),)


def _files(settings: Settings) -> list[Finding]:
    auth = settings.auth
    secrets = (auth.secret, auth.encryption_key, auth.signing_keys)
    files = {file for file in map(_file, secrets) if file is not None and file.stat().st_mode & 0o004}
    remedy = "Let only the user read it that Relais runs as: chmod 600."
    return [advice("Secrets", f"everybody on this machine may read {file}", remedy) for file in sorted(files)]
