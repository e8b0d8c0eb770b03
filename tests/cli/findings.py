"""What the doctor finds, as tests ask for it; and settings and keys to be looked at."""

import json
from collections.abc import Iterable
from typing import Any

from app.doctor import Finding, Severity
from app.settings import Settings
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jose.backends import ECKey

OK, ADVICE, WRONG = Severity.OK, Severity.ADVICE, Severity.WRONG
A_SECRET = "k3Qv9ZpX1rTbW7mLs2Yd8GhNf4JcUa6E"
ANOTHER = "Zt5Rw8XbM2kQn7VpLc4Hy9SgDf1JaUe3"


def with_settings(settings: Settings, environment: str = "production", **groups: dict[str, Any]) -> Settings:
    """The same, changed by group."""
    changed = {name: getattr(settings, name).model_copy(update=values) for name, values in groups.items()}
    return settings.model_copy(update={"environment": environment, **changed})


def told(findings: Iterable[Finding], what: str) -> tuple[Severity, str]:
    """The worst finding on something, in one line; nothing is `ok`."""
    order = list(Severity)
    found = [finding for finding in findings if finding.what == what]
    worst = max(found, key=lambda finding: order.index(finding.severity), default=Finding(OK, what, ""))
    assert worst.severity is OK or worst.remedy, "whoever reads it must know what to do"
    return worst.severity, f"{worst.seen} {worst.remedy}"


def key_pair(**members: Any) -> str:
    """A pair that signs, as a JWK."""
    made: Any = ECKey(generate_private_key(SECP256R1()), "ES256")
    pair: dict[str, Any] = made.to_dict()
    return json.dumps({"keys": [{**pair, "kid": "of-this-test", **members}]})
