"""What a new password must be: the five rules of the frontend, in its words, and none of the commonest."""

import re
from typing import Final

from app.accounts.common_passwords import COMMON
from app.accounts.errors import WEAK_PASSWORD
from app.errors import AppError

LONGEST: Final = 256
_SHORTEST = 8
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[A-Z]"), "Le mot de passe doit contenir au moins une majuscule (A-Z)"),
    (re.compile(r"[a-z]"), "Le mot de passe doit contenir au moins une minuscule (a-z)"),
    (re.compile(r"[0-9]"), "Le mot de passe doit contenir au moins un chiffre (0-9)"),
    (re.compile(r"[^A-Za-z0-9]"), "Le mot de passe doit contenir au moins un caractère spécial"),
)
_TOO_SHORT = "Le mot de passe doit contenir au moins 8 caractères"
_TOO_LONG = f"Le mot de passe ne peut pas dépasser {LONGEST} caractères"
_TOO_COMMON = "Ce mot de passe est trop courant"
_TOO_CLOSE = "Le mot de passe ne doit pas reprendre votre adresse email"
_LEET = str.maketrans("0134578@$!€", "oieastbasie")
#: A word, and what people put before and behind it when they are asked for digits and signs.
_DRESSED = re.compile(r"[^a-z]*(.*?[a-z])[^a-z]*\Z", re.DOTALL)


def must_be_strong(password: str, email: str = "") -> None:
    """Refuse a password that breaks a rule, with all that is wrong in one message."""
    wrong = problems(password, email)
    if wrong:
        raise AppError(WEAK_PASSWORD.code, WEAK_PASSWORD.status, ". ".join(wrong), wrong)


def problems(password: str, email: str = "") -> list[str]:
    """What is wrong with a password, in the order of the rules."""
    wrong = [_TOO_SHORT] if len(password) < _SHORTEST else []
    wrong += [message for pattern, message in _RULES if not pattern.search(password)]
    if len(password) > LONGEST:
        wrong.append(_TOO_LONG)
    if wrong:
        return wrong
    if _is_common(password):
        return [_TOO_COMMON]
    name = email.partition("@")[0].lower()
    if len(name) >= 4 and name in password.lower() and len(password) < len(name) + 6:
        return [_TOO_CLOSE]
    return []


def _is_common(password: str) -> bool:
    """Whether all that there is to it is one of the commonest passwords, dressed up with digits and signs."""
    plain = password.lower()
    found = _DRESSED.match(plain)
    words = {plain, plain.translate(_LEET), found[1] if found else "", found[1].translate(_LEET) if found else ""}
    return not words.isdisjoint(COMMON)
