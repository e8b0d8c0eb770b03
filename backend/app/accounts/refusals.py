"""What several routes refuse, by the step that they go through: for the description of the API."""

from app.accounts.changes import NO_PASSWORD
from app.accounts.codes import INVALID_CODE, TOO_MANY_CODES
from app.accounts.errors import (
    EMAIL_NOT_VERIFIED,
    EMAIL_TAKEN,
    INSUFFICIENT_ROLE,
    INVALID_CREDENTIALS,
    NOT_A_MEMBER,
    SECOND_FACTOR_REQUIRED,
    SIGN_UP_CLOSED,
    USER_NOT_FOUND,
    USERNAME_TAKEN,
    WEAK_PASSWORD,
)
from app.accounts.oauth.errors import (
    INVALID_PROVIDER,
    OAUTH_NOT_CONFIGURED,
    PROVIDER_ANSWER_INVALID,
    PROVIDER_REFUSED,
    PROVIDER_UNREACHABLE,
    REDIRECT_NOT_ALLOWED,
)
from app.accounts.proofs import PASSWORD_NOT_CONFIRMED, RECENT_SIGN_IN_REQUIRED
from app.accounts.tenancy import SESSION_REQUIRED, TENANT_CLOSED
from app.auth.guard import INSUFFICIENT_SCOPE, SESSION_ENDED
from app.auth.passwords import TOO_BUSY

#: The caller's own password is shown once more.
_PASSWORD = (PASSWORD_NOT_CONFIRMED, EMAIL_NOT_VERIFIED, TOO_BUSY)
#: It is all that counts.
OWN_PASSWORD = (SESSION_REQUIRED, USER_NOT_FOUND, NO_PASSWORD, *_PASSWORD)
#: The session that asks is looked at.
OWN_SESSION = (SESSION_REQUIRED, SESSION_ENDED)
#: A recent sign-in, or the password.
RECENT = (*OWN_SESSION, RECENT_SIGN_IN_REQUIRED, *_PASSWORD)
#: A code of the second factor, or, in a session that has it, the password.
CODE = (INVALID_CODE, TOO_MANY_CODES)
CODE_OR_PASSWORD = (*OWN_SESSION, SECOND_FACTOR_REQUIRED, *CODE, *_PASSWORD)
#: A session is opened for somebody who has proved who they are.
OPENING = (INVALID_CREDENTIALS, NOT_A_MEMBER, SECOND_FACTOR_REQUIRED, USER_NOT_FOUND)
BY_PASSWORD = (EMAIL_NOT_VERIFIED, TOO_BUSY, *OPENING)
#: An account is made.
SIGNING_UP = (WEAK_PASSWORD, SIGN_UP_CLOSED, TENANT_CLOSED, EMAIL_TAKEN, USERNAME_TAKEN, TOO_BUSY)
NEW_PASSWORD = (WEAK_PASSWORD, TOO_BUSY)
#: A tenant is administered.
ADMINISTERING = (NOT_A_MEMBER, INSUFFICIENT_ROLE, INSUFFICIENT_SCOPE)
#: A journey to a provider is asked for, and begins.
SETTING_OUT = (INVALID_PROVIDER, OAUTH_NOT_CONFIGURED, REDIRECT_NOT_ALLOWED)
PROVIDERS = (PROVIDER_REFUSED, PROVIDER_UNREACHABLE, PROVIDER_ANSWER_INVALID)
