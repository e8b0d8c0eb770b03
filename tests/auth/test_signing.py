"""The keys of our own tokens: which algorithms, how they are changed, and what is never given away."""

import base64
import hashlib
import hmac
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from app.auth import signing as signing_module
from app.auth.caller import Caller
from app.auth.keys import UnusableSecret
from app.auth.sessions import Sessions, SignedIn
from app.auth.signing import Keyring, keyring
from app.auth.tokens import TokenOptions, TokenVerifier
from app.errors import AppError
from app.gateway.assembly import Assembly
from app.settings import AuthSettings, RestSettings
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from tests.auth import signing
from tests.auth.signing import b64, compact, hmac_signer, signed

SECRET = "the-secret-of-this-installation-is-long"
USER = "0a0a0a0a-0000-4000-8000-00000000000a"
SESSION = "0c0c0c0c-0000-4000-8000-00000000000c"
CLAIMS = {"sub": USER, "role": "authenticated"}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


def settings(**values: Any) -> AuthSettings:
    texts = {"secret": SECRET, **values}
    given = {name: SecretStr(text) if isinstance(text, str) else text for name, text in texts.items()}
    return AuthSettings().model_copy(update=given)  # pyright: ignore[reportCallIssue]


def keys(**values: Any) -> Keyring:
    return keyring(settings(**values))


def ec_pair(**more: Any) -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    numbers = {"x": key.public_numbers.x, "y": key.public_numbers.y, "d": key.private_value}
    return {"kty": "EC", "crv": "P-256", **{name: number(value, 32) for name, value in numbers.items()}, **more}


def rsa_pair(name: str = "a", **more: Any) -> dict[str, Any]:
    found = signing.rsa_key(name).private_numbers()
    numbers = {
        "n": found.public_numbers.n,
        "e": found.public_numbers.e,
        "d": found.d,
        "p": found.p,
        "q": found.q,
        "dp": found.dmp1,
        "dq": found.dmq1,
        "qi": found.iqmp,
    }
    return {"kty": "RSA", **{key: number(value) for key, value in numbers.items()}, **more}


def number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwks(*pairs: dict[str, Any]) -> str:
    return json.dumps({"keys": pairs})


def head(token: str) -> dict[str, Any]:
    return json.loads(unb64(token.partition(".")[0]))


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(by: Keyring, token: str) -> dict[str, Any]:
    """The claims of a token that these keys accept."""
    claims = TokenVerifier(TokenOptions(own_keys=by.verifying)).claims(f"Bearer {token}")
    assert claims is not None
    assert claims.ours
    return dict(claims.values)


def is_refused(by: Keyring, token: str) -> bool:
    with pytest.raises(AppError) as raised:
        verified(by, token)
    return (raised.value.code, raised.value.status) == ("PGRST301", 401)


def test_without_key_pairs_tokens_are_signed_with_the_secret() -> None:
    own = keys()
    token = own.sign(CLAIMS)
    assert head(token) == {"alg": "HS256", "typ": "JWT", "kid": own.signing.kid}
    message, _, signature = token.rpartition(".")
    assert unb64(signature) == hmac.digest(SECRET.encode(), message.encode(), "sha256")
    assert verified(own, token) == CLAIMS
    assert own.public == ()


def test_the_id_of_the_secret_says_nothing_of_it_and_stays_the_same() -> None:
    kid = keys().signing.kid
    assert kid == keys().signing.kid != keys(secret="x" * 40).signing.kid
    assert not hashlib.sha256(SECRET.encode()).hexdigest().startswith(kid)


def test_an_elliptic_pair_signs_es256() -> None:
    pair = ec_pair(kid="the-first")
    own = keys(signing_keys=json.dumps(pair))
    token = own.sign(CLAIMS)
    assert head(token) == {"alg": "ES256", "typ": "JWT", "kid": "the-first"}
    message, _, signature = token.rpartition(".")
    x, y = (int.from_bytes(unb64(pair[name]), "big") for name in ("x", "y"))
    r, s = (int.from_bytes(half, "big") for half in (unb64(signature)[:32], unb64(signature)[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), message.encode(), ec.ECDSA(hashes.SHA256()))
    assert verified(own, token) == CLAIMS


def test_an_rsa_pair_signs_rs256() -> None:
    own = keys(signing_keys=json.dumps(rsa_pair()))
    token = own.sign(CLAIMS)
    assert head(token) == {"alg": "RS256", "typ": "JWT", "kid": own.signing.kid}
    message, _, signature = token.rpartition(".")
    public = signing.rsa_key("a").public_key()
    public.verify(unb64(signature), message.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert verified(own, token) == CLAIMS


def test_keys_may_be_in_files(tmp_path: Path) -> None:
    pairs, secret = tmp_path / "keys.json", tmp_path / "secret"
    pairs.write_text(jwks(ec_pair(kid="filed")))
    secret.write_text(f"{SECRET}\n")
    assert head(keys(signing_keys=f"@{pairs}").sign(CLAIMS))["kid"] == "filed"
    filed = keys(secret=f"@{secret}")
    assert verified(keys(), filed.sign(CLAIMS)) == CLAIMS, "the name of a file is no secret"
    assert filed.made("refresh", b"x", keys().code_of("refresh", b"x"))


def test_a_pair_without_an_id_gets_its_thumbprint() -> None:
    # The example of RFC 7638.
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1"
        "n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    assert signing_module._thumbprint(  # pyright: ignore[reportPrivateUsage]
        {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    ) == ("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    own = keys(signing_keys=json.dumps(ec_pair()))
    assert own.public[0]["kid"] == own.signing.kid
    assert len(own.signing.kid) == 43


def test_what_yesterdays_secret_signed_stays_good_and_todays_signs() -> None:
    old = secrets.token_hex(20)
    before, now = keys(secret=old), keys(previous_secrets=f" {secrets.token_hex(20)} , {old}")
    token = before.sign(CLAIMS)
    assert verified(now, token) == CLAIMS
    assert is_refused(before, now.sign(CLAIMS))
    assert is_refused(keys(), token)


def test_the_first_pair_signs_and_every_pair_verifies() -> None:
    old, new = ec_pair(kid="old"), rsa_pair(kid="new")
    before, now = keys(signing_keys=jwks(old)), keys(signing_keys=jwks(new, old))
    assert verified(now, before.sign(CLAIMS)) == CLAIMS
    assert head(now.sign(CLAIMS))["kid"] == "new"
    assert [key["kid"] for key in now.public] == ["new", "old"]
    assert is_refused(keys(signing_keys=jwks(new)), before.sign(CLAIMS))


def test_going_over_from_the_secret_to_pairs_logs_nobody_out() -> None:
    token = keys().sign(CLAIMS)
    assert verified(keys(signing_keys=jwks(ec_pair())), token) == CLAIMS


def test_public_parts_alone_are_published() -> None:
    pairs = rsa_pair(kid="r", use="sig", alg="RS256", oth=[]), ec_pair(kid="e")
    own = keys(signing_keys=jwks(*pairs))
    for shown, pair in zip(own.public, pairs, strict=True):
        assert not PRIVATE & set(shown)
        assert {name: shown[name] for name in shown if name in pair} == {
            name: pair[name] for name in pair if name not in PRIVATE
        }
        assert (shown["use"], shown["key_ops"]) == ("sig", ["verify"])
    text = json.dumps(own.public)
    for pair in pairs:
        assert not [name for name in PRIVATE & set(pair) if pair[name] and str(pair[name]) in text]
    assert SECRET not in repr(own)
    assert str(pairs[1]["d"]) not in repr(own)


def test_a_public_key_is_no_secret() -> None:
    """The attack of old: an HMAC made with what everybody may read."""
    pair = rsa_pair(kid="r")
    own = keys(signing_keys=json.dumps(pair))
    public = signing.rsa_key("a").public_key()
    known = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        unb64(pair["n"]),
        pair["n"].encode(),
        compact(own.public[0]),
        json.dumps(own.public[0]).encode(),
        b"",
        b"\0",
    ]
    for material in known:
        for kid in ({"kid": "r"}, {}, {"kid": own.signing.kid}, {"kid": keys().signing.kid}):
            for algorithm in ("HS256", "HS384", "HS512"):
                forged = signed({"alg": algorithm, **kid}, CLAIMS, hmac_signer(material, algorithm))
                assert is_refused(own, forged)


def test_a_token_picks_neither_another_algorithm_nor_another_key() -> None:
    own = keys(signing_keys=jwks(rsa_pair(kid="r"), ec_pair(kid="e")))
    good = own.sign(CLAIMS)
    _, payload, signature = good.split(".")
    for header in (
        {"alg": "RS256", "kid": "e"},
        {"alg": "ES256", "kid": "r"},
        {"alg": "RS512", "kid": "r"},
        {"alg": "PS256", "kid": "r"},
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "RS256", "kid": "unknown"},
        {"alg": "RS256", "kid": ["r"]},
        {"alg": "RS256", "kid": "r", "crit": ["exp"]},
        {"alg": "RS256", "kid": "../../etc/passwd"},
        {"kid": "r"},
    ):
        forged = f"{b64(compact(header))}.{payload}.{signature}"
        assert is_refused(own, forged), header
    own_key_inside = {"alg": "RS256", "jwk": signing.rsa_jwk("b"), "jku": "https://keys.example.org"}
    assert is_refused(own, signed(own_key_inside, CLAIMS, signing.rsa_signer("RS256", "b")))
    assert is_refused(own, f"{good[:-4]}AAAA")
    assert is_refused(own, good.rpartition(".")[0] + ".")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nonsense", "no JSON"),
        ("{}", "no private"),
        ("[]", "holds no key"),
        ('{"keys":[]}', "holds no key"),
        ('{"keys":{}}', "holds no key"),
        ("[1]", "no private"),
        ('"text"', "holds no key"),
        (json.dumps(signing.rsa_jwk()), "no private"),
        (json.dumps({"kty": "oct", "k": b64(b"x" * 40), "d": "x"}), "no private"),
        (json.dumps({"kty": "OKP", "crv": "Ed25519", "x": "x", "d": "x"}), "no private"),
        (json.dumps({"kty": "EC", "crv": "P-384", "x": "x", "y": "y", "d": "d"}), "no private"),
        (json.dumps({"kty": "EC", "crv": "P-256", "x": "x", "d": "d"}), "RELAIS_AUTH_SIGNING_KEYS"),
        (json.dumps(rsa_pair() | {"d": "!"}), "cannot sign"),
        (json.dumps(ec_pair() | {"d": "AAAA"}), "cannot sign|not that of its public"),
        (json.dumps(ec_pair() | {"d": ec_pair()["d"]}), "cannot sign|not that of its public"),
        ("@/nowhere/keys.json", "cannot be read"),
    ],
)
def test_keys_that_cannot_sign_stop_the_start_with_words(value: str, said: str) -> None:
    with pytest.raises(UnusableSecret, match=said):
        keys(signing_keys=value)


def test_an_rsa_key_that_is_too_short_is_refused() -> None:
    found = rsa.generate_private_key(65537, 1024).private_numbers()
    pair = {"kty": "RSA", "n": number(found.public_numbers.n), "e": "AQAB", "d": number(found.d)}
    with pytest.raises(UnusableSecret, match="2048 bits"):
        keys(signing_keys=json.dumps(pair))


@pytest.mark.parametrize(
    "secret",
    [
        "short",
        json.dumps(signing.rsa_jwk()),
        jwks(signing.rsa_jwk()),
        json.dumps({"kty": "oct", "k": b64(b"x" * 40)}),
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ",
    ],
)
def test_what_others_may_know_is_no_secret_of_now_or_before(secret: str) -> None:
    with pytest.raises(UnusableSecret):
        keys(secret=secret)
    if "," not in secret:
        with pytest.raises(UnusableSecret):
            keys(previous_secrets=secret)


def test_codes_are_good_for_their_purpose_alone() -> None:
    own = keys()
    code = own.code_of("refresh", b"message")
    assert own.made("refresh", b"message", code)
    assert own.made("refresh", b"message", code[:18])
    assert not own.made("other", b"message", code)
    assert not own.made("refresh", b"another", code)
    assert not own.made("refresh", b"message", code[:-1] + bytes([code[-1] ^ 1]))
    assert not keys(secret="x" * 40).made("refresh", b"message", code)
    assert keys(secret="x" * 40, previous_secrets=SECRET).made("refresh", b"message", code)


def test_what_was_sealed_opens_as_long_as_one_of_the_keys_is_there() -> None:
    own = keys()
    sealed = own.seal(b"a secret")
    assert b"a secret" not in sealed
    assert own.seal(b"a secret") != sealed
    assert keys(secret="x" * 40, previous_secrets=SECRET).unseal(sealed) == b"a secret"
    assert keys(encryption_key="a key for what is kept").unseal(sealed) == b"a secret"
    with_key = keys(encryption_key="a key for what is kept").seal(b"another")
    assert keys(secret="x" * 40, encryption_key="a key for what is kept").unseal(with_key) == b"another"
    for stranger in (keys(secret="x" * 40), keys(encryption_key="another key", secret="x" * 40)):
        for value in (sealed, with_key, b"", b"\xff" * 100, sealed[:-1]):
            with pytest.raises(ValueError, match="another key"):
                stranger.unseal(value)


def caller_by(rest: dict[str, Any], token: str, **auth: Any) -> Caller:
    """The caller of a token, as gateway and explicit routes see them."""
    given = RestSettings().model_copy(update=rest)  # pyright: ignore[reportCallIssue]
    return Assembly(settings(**auth)).callers(given).resolve(f"Bearer {token}")


def test_tokens_of_another_issuer_are_verified_beside_ours() -> None:
    rest = {"jwt_secret": SecretStr(signing.SECRET)}
    foreign = signing.token({**CLAIMS, "name": "of theirs"})
    assert caller_by(rest, foreign).user_id == USER
    assert caller_by(rest, keys().sign(CLAIMS)).user_id == USER
    published = {"jwt_secret": SecretStr(jwks(signing.rsa_jwk(kid="theirs")))}
    theirs = signed({"alg": "RS256", "kid": "theirs"}, CLAIMS, signing.rsa_signer())
    assert caller_by(published, theirs, signing_keys=json.dumps(ec_pair())).user_id == USER
    with pytest.raises(AppError):
        caller_by({}, foreign)


def test_sessions_of_another_issuer_are_not_looked_up() -> None:
    """`session_id` is Supabase's claim and `sid` that of OpenID Connect; neither is a session of ours."""
    rest = {"jwt_secret": SecretStr(signing.SECRET)}
    for name in ("session_id", "sid"):
        assert caller_by(rest, signing.token({**CLAIMS, name: SESSION})).credential == ""
        assert caller_by({}, keys().sign({**CLAIMS, "session_id": SESSION})).credential == ""
    assert caller_by(rest, keys().sign({**CLAIMS, "sid": SESSION})).credential == f"session:{SESSION}"


def test_sessions_know_their_role_wherever_another_issuer_writes_it() -> None:
    rest = {"jwt_secret": SecretStr(signing.SECRET), "jwt_role_claim_key": "$.app.roles[0]"}
    foreign = signing.token({"sub": USER, "role": "ignored", "app": {"roles": ["authenticated"]}})
    assert caller_by(rest, foreign).role == "authenticated"
    assert caller_by(rest, keys().sign({**CLAIMS, "sid": SESSION})).role == "authenticated"
    assert caller_by(rest, signing.token({**CLAIMS, "sid": SESSION})).anonymous


def test_a_secret_that_is_named_twice_makes_sessions_of_ours() -> None:
    """Who gives the gateway our own secret must not thereby make sign-outs worthless."""
    rest = {"jwt_secret": SecretStr(SECRET)}
    for header in ({}, {"kid": keys().signing.kid}):
        token = signed({"alg": "HS256", **header}, {**CLAIMS, "sid": SESSION}, hmac_signer(SECRET.encode()))
        assert caller_by(rest, token).credential == f"session:{SESSION}"


def test_a_session_speaks_of_itself_in_its_tokens() -> None:
    own = keys()
    sessions = Sessions(settings(access_token_seconds=600), own, issuer="https://relais.example.org")
    tokens = sessions.tokens(SignedIn(SESSION, USER, "0b0b0b0b-0000-4000-8000-00000000000b", "a@example.org"))
    claims = verified(own, tokens.access_token)
    assert claims["sid"] == claims["session_id"] == SESSION
    assert (claims["sub"], claims["role"], claims["aud"]) == (USER, "authenticated", "authenticated")
    assert (claims["iss"], claims["aal"]) == ("https://relais.example.org", "aal1")
    assert claims["exp"] - claims["iat"] == tokens.expires_in == 600
    assert tokens.expires_at == claims["exp"]
    assert sessions.session_of(tokens.refresh_token) == SESSION
    assert sessions.session_of(tokens.access_token) is None
