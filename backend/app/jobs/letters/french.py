"""The letters in French."""

from app.jobs.letters.shape import Language, Letter

_ONCE = "Ce lien ne sert qu'une fois et n'est valable que peu de temps."
_NOT_YOU = "Si vous n'êtes pas à l'origine de cette demande, ignorez ce message : rien ne changera."
_ALARM = (
    "Si ce n'était pas vous, réinitialisez votre mot de passe depuis la page de connexion et prévenez un"
    " administrateur."
)
_WHEN = "Date : {at}."
_WHERE = "Appareil : {device}."
_ADDRESS = "Adresse IP : {address}."

FRENCH = Language(
    code="fr",
    greetings=("Bonjour {name},", "Bonjour,"),
    colon=" :",
    by_hand="Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur :",
    closing="Ce message vous a été envoyé automatiquement par {app}.",
    time_format="%d/%m/%Y à %H:%M UTC",
    words={
        "role": {"owner": "propriétaire", "admin": "administrateur", "member": "membre"},
        "link": {
            "linked": "Un compte externe permet désormais de se connecter au vôtre.",
            "unlinked": "Un compte externe ne permet plus de se connecter au vôtre.",
        },
        "provider": {"github": "GitHub", "google": "Google"},
        "scopes": {"read": "lecture", "write": "écriture", "admin": "administration"},
        "change": {
            "added": "La double authentification protège désormais votre compte.",
            "removed": "La double authentification ne protège plus votre compte.",
            "recovery_codes": "De nouveaux codes de secours ont été créés ; les anciens ne fonctionnent plus.",
            "recovery_code_used": "Un code de secours a servi à se connecter à votre compte.",
        },
    },
    letters={
        "verify_email": Letter(
            ("Confirmez votre adresse e-mail",),
            ("Merci de confirmer que cette adresse est bien la vôtre.",),
            "Confirmer mon adresse",
            (_ONCE, "Si vous n'avez pas créé de compte, ignorez ce message."),
        ),
        "reset_password": Letter(
            ("Réinitialisez votre mot de passe",),
            ("Une réinitialisation du mot de passe de votre compte a été demandée.",),
            "Choisir un nouveau mot de passe",
            (_ONCE, _NOT_YOU, _ADDRESS),
        ),
        "claim_account": Letter(
            ("Votre compte vous attend",),
            (
                "Un compte à votre adresse a été repris de l'ancienne version de {app}, avec tout son contenu.",
                "Choisissez un mot de passe pour y accéder.",
            ),
            "Activer mon compte",
            (_ONCE, _NOT_YOU),
        ),
        "password_changed": Letter(
            ("Votre mot de passe a été modifié",),
            ("Le mot de passe de votre compte vient d'être modifié.", _WHEN, _ADDRESS, _ALARM),
        ),
        "change_email": Letter(
            ("Confirmez votre nouvelle adresse e-mail",),
            ("Vous avez demandé que cette adresse devienne celle de votre compte.",),
            "Confirmer cette adresse",
            (_ONCE, _NOT_YOU),
        ),
        "email_changed": Letter(
            ("L'adresse de votre compte a été modifiée",),
            (
                "L'adresse e-mail de votre compte vient d'être modifiée.",
                "Nouvelle adresse : {email}.",
                _WHEN,
                "Cette adresse-ci ne permet plus de se connecter.",
                "Si ce n'était pas vous, prévenez un administrateur sans attendre.",
            ),
        ),
        "accept_invitation": Letter(
            ("Invitation à rejoindre {tenant}", "Vous avez reçu une invitation"),
            (
                "{inviter} vous invite à rejoindre un espace.",
                "Espace : {tenant}.",
                "Votre rôle : {role}.",
            ),
            "Accepter l'invitation",
            (_ONCE, "Si vous n'attendiez pas cette invitation, ignorez ce message."),
        ),
        "welcome": Letter(
            ("Bienvenue sur {app}",),
            ("Votre compte est prêt.", "Vous pouvez vous connecter dès maintenant."),
            "Ouvrir {app}",
        ),
        "new_sign_in": Letter(
            ("Nouvelle connexion à votre compte",),
            (
                "Une connexion à votre compte vient d'avoir lieu depuis un nouvel appareil.",
                _WHEN,
                _WHERE,
                _ADDRESS,
                _ALARM,
            ),
        ),
        "second_factor_changed": Letter(
            ("La double authentification de votre compte a changé",),
            ("Les réglages de la double authentification ont été modifiés.", "{change}", _WHEN, _ADDRESS, _ALARM),
        ),
        "provider_changed": Letter(
            ("Vos comptes liés ont changé",),
            (
                "Les comptes externes qui ouvrent le vôtre ont changé.",
                "{link}",
                "Fournisseur : {provider}.",
                _WHEN,
                _ADDRESS,
                _ALARM,
            ),
        ),
        "token_created": Letter(
            ("Un jeton d'API a été créé pour votre compte",),
            (
                "Un jeton d'API personnel vient d'être créé depuis votre compte.",
                "Jeton : {name}.",
                "Droits : {scopes}.",
                _WHEN,
                _ADDRESS,
                "Si ce n'était pas vous, supprimez ce jeton depuis votre profil, réinitialisez votre mot de passe"
                " depuis la page de connexion et prévenez un administrateur.",
            ),
            names_reader=False,
        ),
        "digest": Letter(
            ("Vous avez {several} notifications non lues", "Vous avez une notification non lue"),
            (
                "Vous avez {several} nouvelles notifications non lues.",
                "Vous avez {one} nouvelle notification non lue.",
                *(f"• {{message_{place}}}" for place in range(1, 6)),
                "Et {more} de plus.",
            ),
            "Ouvrir {app}",
            ("Vous recevez ce résumé car vous l'avez choisi ; vos préférences de notification l'arrêtent.",),
        ),
    },
)
