"""What pages say, in French and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.accounts.errors import EMAIL_TAKEN, INVALID_CREDENTIALS, INVALID_LINK, SECOND_FACTOR_REQUIRED, WEAK_PASSWORD
from app.accounts.invitations import INVITATION_FOR_ANOTHER, SIGN_IN_TO_ACCEPT
from app.errors import VALIDATION_ERROR


@dataclass(frozen=True, slots=True)
class Asking:
    """A page before its button is pressed, and what is said after. `{names}` are filled in."""

    title: str
    says: tuple[str, ...]
    button: str
    done: str


@dataclass(frozen=True, slots=True)
class Words:
    """Of a language."""

    code: str
    pages: Mapping[str, Asking]
    #: For whoever goes on to an application that asked for the message.
    onward: str
    email: str
    password: str
    rules: str
    full_name: str
    on: str
    failed: str
    #: Refusals in this language, where the words of the refusal itself are in another one.
    errors: Mapping[str, str]

    def refusal(self, code: str, message: str) -> str:
        """What is said of a refusal."""
        return self.errors.get(code, message)


_FRENCH: Final = Words(
    code="fr",
    pages={
        "verify_email": Asking(
            "Confirmez votre adresse e-mail",
            (
                "Un compte a été créé avec l'adresse {email}.",
                "En confirmant, vous attestez que cette adresse et ce compte sont les vôtres. Si vous n'avez pas créé"
                " ce compte, fermez cette page.",
            ),
            "Confirmer mon adresse",
            "Votre adresse est confirmée.",
        ),
        "reset_password": Asking(
            "Choisissez un nouveau mot de passe",
            (
                "Pour le compte {email}.",
                "Toutes les sessions ouvertes seront fermées et vos jetons d'API révoqués.",
            ),
            "Enregistrer le mot de passe",
            "Votre mot de passe est enregistré, vous pouvez vous connecter.",
        ),
        "claim_account": Asking(
            "Activez votre compte",
            ("Choisissez un mot de passe pour le compte {email}.",),
            "Activer mon compte",
            "Votre compte est activé, vous pouvez vous connecter.",
        ),
        "change_email": Asking(
            "Confirmez votre nouvelle adresse e-mail",
            ("En confirmant, {email} devient l'adresse de votre compte, à la place de l'ancienne.",),
            "Confirmer cette adresse",
            "L'adresse de votre compte a été modifiée.",
        ),
        "accept_invitation": Asking(
            "Rejoignez {tenant}",
            ("L'adresse {email} est invitée à rejoindre l'espace {tenant}.",),
            "Accepter l'invitation",
            "Vous avez rejoint {tenant}, vous pouvez vous connecter.",
        ),
    },
    onward="Continuer",
    email="Adresse e-mail",
    password="Nouveau mot de passe",  # noqa: S106 - what a field is called
    rules="8 caractères au moins, dont une majuscule, une minuscule, un chiffre et un caractère spécial.",
    full_name="Votre nom (facultatif)",
    on="Aller sur {app}",
    failed="Ce lien ne peut pas servir",
    errors={
        SIGN_IN_TO_ACCEPT.code: "Cette adresse a un compte qui ne l'a jamais confirmée : réinitialisez son mot de"
        " passe, puis revenez sur cette page",
    },
)
_ENGLISH: Final = Words(
    code="en",
    pages={
        "verify_email": Asking(
            "Confirm your e-mail address",
            (
                "An account has been made with the address {email}.",
                "By confirming you say that this address and this account are yours. If you did not make this account,"
                " close this page.",
            ),
            "Confirm my address",
            "Your address is confirmed.",
        ),
        "reset_password": Asking(
            "Choose a new password",
            ("For the account {email}.", "All open sessions will be closed and your API tokens revoked."),
            "Keep this password",
            "Your password has been kept. You can sign in now.",
        ),
        "claim_account": Asking(
            "Activate your account",
            ("Choose a password for the account {email}.",),
            "Activate my account",
            "Your account is active. You can sign in now.",
        ),
        "change_email": Asking(
            "Confirm your new e-mail address",
            ("By confirming you make {email} the address of your account, in place of the one before.",),
            "Confirm this address",
            "The address of your account has been changed.",
        ),
        "accept_invitation": Asking(
            "Join {tenant}",
            ("The address {email} is invited to join the space {tenant}.",),
            "Accept the invitation",
            "You have joined {tenant}. You can sign in now.",
        ),
    },
    onward="Go on",
    email="E-mail address",
    password="New password",  # noqa: S106 - likewise
    rules="At least 8 characters, with an upper-case and a lower-case letter, a digit and a special character.",
    full_name="Your name (if you like)",
    on="Go to {app}",
    failed="This link cannot be used",
    errors={
        INVALID_LINK.code: "This link is not valid or has expired",
        VALIDATION_ERROR.code: "Something that was typed cannot be taken",
        WEAK_PASSWORD.code: "This password is too weak",
        EMAIL_TAKEN.code: "Another account has this address",
        INVALID_CREDENTIALS.code: "Wrong password",
        SECOND_FACTOR_REQUIRED.code: "Choose a new password, then sign in with your second factor",
        SIGN_IN_TO_ACCEPT.code: "This address has an account that has never confirmed it: reset its password, then come"
        " back to this page",
        INVITATION_FOR_ANOTHER.code: "This invitation is for another address",
    },
)


def words_for(accepted: str) -> Words:
    """Of the language that a browser asks for first, of those that there are."""
    for part in accepted.lower().split(","):
        wanted = part.partition(";")[0].strip()[:2]
        if wanted in ("fr", "en"):
            return _ENGLISH if wanted == "en" else _FRENCH
    return _FRENCH
