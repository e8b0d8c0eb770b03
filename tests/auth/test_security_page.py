"""The pages about security and signing in: the proofs that they name are there, and what they say to run works."""

import re
import subprocess
import sys
from pathlib import Path

from app.auth.signing import keyring
from app.settings import AuthSettings
from pydantic import SecretStr

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parent / "docs"
SECURITY = (DOCS / "explanation" / "security.md").read_text(encoding="utf-8")
SIGN_IN = (DOCS / "how-to" / "sign-in.md").read_text(encoding="utf-8")
PROOF = re.compile(r"`((?:\w+/)+test_\w+\.py)(?:::(\w+))?`")


def test_every_proof_that_the_page_about_security_names_exists() -> None:
    named = PROOF.findall(SECURITY)
    assert len(named) > 80
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (TESTS / path).exists() or (name and f"def {name}(" not in (TESTS / path).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_every_risk_and_every_threat_has_a_proof() -> None:
    rows = re.findall(r"^\| API\d+ .*$", SECURITY, re.MULTILINE)
    assert len(rows) == 10
    tables = re.findall(r"^\| Threat \| Answer \| Proof \|\n\|[ |-]+\|\n((?:\|.*\n)+)", SECURITY, re.MULTILINE)
    assert len(tables) == 5
    for row in (*rows, *(row for table in tables for row in table.splitlines())):
        assert PROOF.search(row), row


def test_the_key_that_the_page_says_how_to_make_signs() -> None:
    (script,) = re.findall(r"<<'EOF'\n(.*?)^EOF$", SIGN_IN, re.MULTILINE | re.DOTALL)
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    settings = AuthSettings().model_copy(  # pyright: ignore[reportCallIssue]
        update={"secret": SecretStr("x" * 32), "signing_keys": SecretStr(made)}
    )
    keys = keyring(settings)
    assert keys.signing.algorithm == "ES256"
    assert keys.public[0]["kid"] == keys.signing.kid
    assert "d" not in keys.public[0]
