"""Settings of who is asking: secrets, passwords, sessions, providers, mail, limits."""

from pydantic import Field, SecretStr

from app.settings.group import Group, comma_separated
from app.settings.values import PagePath, Rate, Sender, SmtpUrl


class AuthSettings(Group):
    """Secrets and passwords."""

    secret: SecretStr | None = Field(
        None,
        description="Signs tokens; at least 32 bytes, or `@file`. Unset in development: one is made at first start and"
        " kept in the data directory.",
    )
    previous_secrets: SecretStr | None = Field(
        None,
        description="Comma-separated secrets of before: what they signed stays good as long as it was meant to.",
    )
    signing_keys: SecretStr | None = Field(
        None,
        description="Private RSA or EC (P-256) keys as a JWK, a JWK set, or `@file`. The first one signs tokens, all"
        " are published at /.well-known/jwks.json. Unset: tokens are signed with the secret (HS256).",
    )
    encryption_key: SecretStr | None = Field(
        None,
        description="Encrypts what is kept for later: tokens of providers, secrets of second factors. Unset: derived"
        " from the secret.",
    )
    access_token_seconds: int = Field(3600, ge=30, le=7 * 86400, description="How long an access token is good for.")
    session_idle_days: float = Field(30.0, gt=0, le=3650, description="A session that is not refreshed ends after it.")
    session_longest_days: float = Field(365.0, gt=0, le=3650, description="A session ends after it in any case.")
    refresh_reuses: int = Field(
        100,
        ge=0,
        le=10000,
        description="How often an exchanged refresh token may come again before the next one is used.",
    )
    recent_sign_in_minutes: float = Field(
        15.0,
        gt=0,
        le=525600,
        description="How long after signing in somebody may make API tokens, add a second factor or link a provider"
        " without their password.",
    )
    argon2_memory_kib: int = Field(19 * 1024, ge=8 * 1024, description="Memory that hashing one password takes.")
    argon2_time_cost: int | None = Field(
        None, ge=1, le=20, description="Passes that hashing one password makes. Unset: measured at the first use."
    )
    argon2_milliseconds: float = Field(
        50.0, gt=0, le=5000, description="Time that hashing one password should take, where passes are measured."
    )
    password_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Passwords that are hashed at once in each process; 0: one less than there are cores.",
    )
    password_queue: int = Field(50, ge=0, description="Passwords that may wait to be hashed; beyond it: 503.")
    failures_free: int = Field(
        5,
        ge=1,
        le=10**9,
        description="Wrong passwords for one account from one address before each further one has to wait, 1 second at"
        " first and twice as long each time, up to 5 minutes.",
    )
    failures_free_wide: int = Field(
        20,
        ge=1,
        le=10**9,
        description="The same for all accounts from one address, and for one account from addresses that it was never"
        " used from.",
    )
    sign_up: bool = Field(True, description="Let anybody make an account; otherwise only those who were invited.")
    verified_email: bool = Field(False, description="Refuse sign-in until the e-mail address has been verified.")
    second_factor_for_admins: bool = Field(
        False, description="Refuse what takes an administrator's rank to sessions without a second factor."
    )
    tenant_hosts: str = Field("", description="Comma-separated `host=slug`: the tenant of callers who come by a host.")
    tenant_header: str = Field(
        "", description="Request header that names the tenant (its slug) of callers who have no token."
    )
    tenant_creation: bool = Field(False, description="Let anybody who has signed in make a tenant of their own.")
    open_invitations: int = Field(
        200, ge=0, le=100000, description="Invitations of a tenant that may wait to be accepted at once."
    )
    site_url: str = Field(
        "http://localhost:5173", description="Where the frontend is: where links in e-mails and sign-ins go back to."
    )
    redirect_urls: str = Field(
        "",
        description="Comma-separated further addresses that sign-ins may go back to; a `*` at the end stands for any"
        " path.",
    )

    def hosts(self) -> dict[str, str]:
        """Slugs of tenants by host."""
        pairs = (part.partition("=") for part in comma_separated(self.tenant_hosts))
        return {host.strip().lower(): slug.strip() for host, _, slug in pairs}

    def earlier_secrets(self) -> tuple[str, ...]:
        """Secrets of before."""
        return comma_separated(self.previous_secrets.get_secret_value()) if self.previous_secrets else ()


class OauthSettings(Group):
    """Signing in with GitHub and Google. Addresses are theirs unless they are given."""

    callback_url: str = Field(
        "", description="Address of this API as browsers reach it, for callbacks. Unset: that of the request."
    )
    github_client_id: str = Field("", description="Unset: no signing in with GitHub.")
    github_client_secret: SecretStr | None = Field(None, description="Secret of the GitHub application.")
    github_url: str = Field("https://github.com", description="Where GitHub signs people in.")
    github_api_url: str = Field("https://api.github.com", description="Where GitHub says who somebody is.")
    google_client_id: str = Field("", description="Unset: no signing in with Google.")
    google_client_secret: SecretStr | None = Field(None, description="Secret of the Google application.")
    google_issuer: str = Field(
        "https://accounts.google.com", description="Where Google is described (OpenID Connect discovery)."
    )
    timeout_seconds: float = Field(10.0, ge=0.001, le=300, description="Longest wait for a provider's answer.")


class HandoverSettings(Group):
    """Handing resources over to GitHub and Google Drive, with the accounts that users have linked."""

    drive_url: str = Field("https://www.googleapis.com", description="Where the API of Google Drive is.")
    timeout_seconds: float = Field(
        15.0, ge=0.001, le=300, description="Longest time that a request waits for a provider, all its steps together."
    )
    file_limit_bytes: int = Field(
        10 * 1024 * 1024,
        ge=1,
        le=95 * 1024 * 1024,
        description="What the files of one resource that is handed over may come to; beyond it: 413.",
    )


class MailSettings(Group):
    """Mail that goes out."""

    smtp_url: SmtpUrl = Field(
        None,
        description="`smtp://user:password@host:port` (STARTTLS where offered), `smtps://…`. Unset: messages are"
        " written to files.",
    )
    directory: str = Field(
        "", description="Where messages are written without SMTP. Unset: `mail` in the data directory."
    )
    sender: Sender = Field("Relais <noreply@localhost>", description="Sender of every message.")
    attempts: int = Field(8, ge=1, le=100, description="How often a message is tried before it counts as failed.")
    timeout_seconds: float = Field(20.0, ge=0.001, le=600, description="Longest wait for the mail server.")
    pages_url: str = Field(
        "",
        description="Where the frontend has pages of its own for the links in messages. Unset: the links lead to pages"
        " of Relais, at RELAIS_OAUTH_CALLBACK_URL; without it, in production, at RELAIS_AUTH_SITE_URL.",
    )
    verify_path: PagePath = Field("/auth/verify", description="Of these pages, the one that verifies an address.")
    reset_path: PagePath = Field("/auth/reset-password", description="The one that takes a new password.")
    claim_path: PagePath = Field("/auth/claim", description="The one that takes the first password of an account.")
    change_path: PagePath = Field("/auth/confirm-email", description="The one that confirms another address.")
    invitation_path: PagePath = Field("/auth/invitation", description="The one that accepts an invitation.")
    new_sign_in: bool = Field(
        True, description="Tell people by mail of sign-ins from devices and networks that they have not used before."
    )


class LimitsSettings(Group):
    """Requests in a time, as `requests/seconds`, for each user or, without one, each address. `-`: no bound."""

    reads: Rate = Field("60000/60", description="Reads.")
    writes: Rate = Field("12000/60", description="Writes.")
    auth: Rate = Field("60/300", description="Signing in and up, and everything that asks for a password.")
    refresh: Rate = Field("300/300", description="Exchanging refresh tokens.")
    mail: Rate = Field("30/3600", description="What sends a message to somebody.")
    oauth: Rate = Field("60/300", description="Signing in with a provider.")
    admin: Rate = Field("600/60", description="Administration.")
    transfers: Rate = Field("20/600", description="Imports, exports, backups.")
    external: Rate = Field("100/60", description="`/api/v1`, by each API token.")
