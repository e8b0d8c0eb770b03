"""OpenID Connect: how a provider describes itself, and whether an ID token is one of its own and meant for us."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, RSAKey

from app.adapters.providers import Conversation, Grant, Journey, ProviderError

#: Pinned: what a token says of its own algorithm is never believed.
_ALGORITHMS = ("RS256",)
_LEEWAY_SECONDS = 60
_KEPT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Description:
    """Where a provider does what."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str


@dataclass(slots=True)
class _Known:
    description: Description
    until: float
    keys: KeySet | None = None


#: By issuer; there are as many as are configured.
_known: dict[str, _Known] = {}


async def described(conversation: Conversation, issuer: str) -> Description:
    """What a provider says of itself, which is asked for once an hour."""
    known = _known.get(issuer)
    if known is None or known.until < time.monotonic():
        _, document = await conversation.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        known = _known[issuer] = _Known(_description(document, issuer), time.monotonic() + _KEPT_SECONDS)
    return known.description


async def claims_of(
    conversation: Conversation, grant: Grant, journey: Journey, *, issuer: str, client_id: str
) -> Mapping[str, Any]:
    """The claims of the ID token that came with a grant, once all of it has been checked."""
    if grant.id_token is None:
        raise ProviderError("garbage", "no ID token")
    await described(conversation, issuer)
    known = _known[issuer]
    try:
        token = await _verified(conversation, known, grant.id_token)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                # Google has left the scheme out at times.
                "iss": {"essential": True, "values": [known.description.issuer, urlsplit(issuer).netloc]},
                "aud": {"essential": True, "value": client_id},
                "nonce": {"essential": True, "value": journey.nonce},
            },
            {"nonce": journey.nonce, "client_id": client_id, "access_token": grant.access_token},
        )
        claims.validate(leeway=_LEEWAY_SECONDS)
    except JoseError as error:
        raise ProviderError("garbage", f"ID token: {error.error}") from error
    return claims


async def _verified(conversation: Conversation, known: _Known, id_token: str) -> jwt.Token:
    if known.keys is not None:
        try:
            return jwt.decode(id_token, known.keys, _ALGORITHMS)
        except InvalidKeyIdError:
            # The provider has taken another key.
            pass
    _, document = await conversation.get(known.description.keys)
    known.keys = _keys(document)
    return jwt.decode(id_token, known.keys, _ALGORITHMS)


def _keys(document: Any) -> KeySet:
    usable = [key for key in document["keys"] if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]
    return KeySet([RSAKey.import_key(key) for key in usable])


def _description(document: Any, issuer: str) -> Description:
    if not isinstance(document, dict) or str(document.get("issuer")).rstrip("/") != issuer.rstrip("/"):
        raise ProviderError("garbage", "the description is another's")
    scheme = urlsplit(issuer).scheme
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    addresses = [str(document.get(name, "")) for name in names]
    if not all(urlsplit(address).scheme in ("https", scheme) and urlsplit(address).netloc for address in addresses):
        raise ProviderError("garbage", "the description lacks an address")
    return Description(str(document["issuer"]), *addresses)
