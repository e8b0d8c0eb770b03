"""The letters in English."""

from app.jobs.letters.shape import Language, Letter

_ONCE = "This link works once, and only for a short time."
_NOT_YOU = "If you did not ask for this, ignore this message: nothing will change."
_ALARM = "If this was not you, reset your password from the sign-in page and tell an administrator."
_WHEN = "Time: {at}."
_WHERE = "Device: {device}."
_ADDRESS = "IP address: {address}."

ENGLISH = Language(
    code="en",
    greetings=("Hello {name},", "Hello,"),
    colon=":",
    by_hand="If the button does not work, copy this address into your browser:",
    closing="This message was sent to you automatically by {app}.",
    time_format="%Y-%m-%d %H:%M UTC",
    words={
        "role": {"owner": "owner", "admin": "administrator", "member": "member"},
        "link": {
            "linked": "An account elsewhere opens your account from now on.",
            "unlinked": "An account elsewhere does not open your account any more.",
        },
        "provider": {"github": "GitHub", "google": "Google"},
        "scopes": {"read": "reading", "write": "writing", "admin": "administration"},
        "change": {
            "added": "A second factor protects your account from now on.",
            "removed": "No second factor protects your account any more.",
            "recovery_codes": "New recovery codes have been made; the earlier ones no longer work.",
            "recovery_code_used": "A recovery code was used to sign in to your account.",
        },
    },
    letters={
        "verify_email": Letter(
            ("Confirm your e-mail address",),
            ("Please confirm that this address is yours.",),
            "Confirm my address",
            (_ONCE, "If you did not make an account, ignore this message."),
        ),
        "reset_password": Letter(
            ("Reset your password",),
            ("Somebody asked to reset the password of your account.",),
            "Choose a new password",
            (_ONCE, _NOT_YOU, _ADDRESS),
        ),
        "claim_account": Letter(
            ("Your account is waiting for you",),
            (
                "An account with your address has been brought over from the earlier version of {app}, with all of"
                " its content.",
                "Choose a password to get in.",
            ),
            "Activate my account",
            (_ONCE, _NOT_YOU),
        ),
        "password_changed": Letter(
            ("Your password has been changed",),
            ("The password of your account has just been changed.", _WHEN, _ADDRESS, _ALARM),
        ),
        "change_email": Letter(
            ("Confirm your new e-mail address",),
            ("You asked for this address to become the one of your account.",),
            "Confirm this address",
            (_ONCE, _NOT_YOU),
        ),
        "email_changed": Letter(
            ("The address of your account has been changed",),
            (
                "The e-mail address of your account has just been changed.",
                "New address: {email}.",
                _WHEN,
                "This address no longer signs you in.",
                "If this was not you, tell an administrator without delay.",
            ),
        ),
        "accept_invitation": Letter(
            ("An invitation to join {tenant}", "You have been invited"),
            (
                "{inviter} invites you to join a space.",
                "Space: {tenant}.",
                "Your role: {role}.",
            ),
            "Accept the invitation",
            (_ONCE, "If you did not expect this invitation, ignore this message."),
        ),
        "welcome": Letter(
            ("Welcome to {app}",),
            ("Your account is ready.", "You can sign in right away."),
            "Open {app}",
        ),
        "new_sign_in": Letter(
            ("A new sign-in to your account",),
            ("Somebody has just signed in to your account from a new device.", _WHEN, _WHERE, _ADDRESS, _ALARM),
        ),
        "second_factor_changed": Letter(
            ("The second factor of your account has changed",),
            ("The settings of your second factor have been changed.", "{change}", _WHEN, _ADDRESS, _ALARM),
        ),
        "provider_changed": Letter(
            ("The accounts that you sign in with have changed",),
            (
                "The accounts elsewhere that open yours have changed.",
                "{link}",
                "Provider: {provider}.",
                _WHEN,
                _ADDRESS,
                _ALARM,
            ),
        ),
        "token_created": Letter(
            ("An API token has been created for your account",),
            (
                "Somebody has just created a personal API token from your account.",
                "Token: {name}.",
                "Scopes: {scopes}.",
                _WHEN,
                _ADDRESS,
                "If this was not you, delete the token from your profile, reset your password from the sign-in page and"
                " tell an administrator.",
            ),
            names_reader=False,
        ),
        "digest": Letter(
            ("You have {several} unread notifications", "You have one unread notification"),
            (
                "You have {several} new notifications that you have not read.",
                "You have {one} new notification that you have not read.",
                *(f"• {{message_{place}}}" for place in range(1, 6)),
                "And {more} more.",
            ),
            "Open {app}",
            ("You get this summary because you chose to; your notification preferences turn it off.",),
        ),
    },
)
