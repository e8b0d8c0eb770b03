"""What signing in and recovering an account rest on outside of Relais: addresses, providers, mail."""

import asyncio
from urllib.parse import SplitResult, urlsplit

from app.adapters.smtp import SUBMISSION_PORT, SUBMISSIONS_PORT
from app.doctor.findings import Finding, advice, is_local, ok, wrong
from app.jobs.mail_files import mail_directory
from app.settings import Settings

PROVIDERS = ("github", "google")
CONNECT_SECONDS = 3.0


async def examine_accounts(settings: Settings) -> list[Finding]:
    """Addresses, providers, mail."""
    return [_site(settings), *_callback(settings), *_providers(settings), await _mail(settings), *_sender(settings)]


def _site(settings: Settings) -> Finding:
    what, variable = "Site", "RELAIS_AUTH_SITE_URL"
    url = settings.auth.site_url
    parts = _parts(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return wrong(what, f"{variable} is no address of a website", f"Set {variable}, as in https://app.example.org.")
    if settings.environment != "production":
        return ok(what, url)
    if is_local(url):
        remedy = f"Set {variable} to the frontend's address."
        return wrong(what, f"links in messages and sign-ins with providers lead to {url}", remedy)
    if parts.scheme == "http":
        return advice(
            what, f"links with secrets lead to {url}, unencrypted", f"Serve the frontend by https: {variable}."
        )
    return ok(what, url)


def _callback(settings: Settings) -> list[Finding]:
    """The API's own address, which nobody else can tell where it is behind a proxy."""
    url, what = settings.oauth.callback_url, "Callback"
    uses = [] if settings.mail.pages_url else ["links in messages lead to it"]
    if any(all(_halves(settings, name)) for name in PROVIDERS):
        uses.append("providers send people back to it")
    if settings.environment != "production" or not uses:
        return []
    remedy = "Set RELAIS_OAUTH_CALLBACK_URL to the API's address, as in https://api.example.org."
    if not url:
        return [advice(what, f"the API's own address is guessed: {', '.join(uses)}", remedy)]
    parts = _parts(url)
    if parts is None or parts.scheme != "https" or not parts.hostname:
        return [wrong(what, f"{url} is no address by https: {', '.join(uses)}", remedy)]
    return [ok(what, url)]


def _parts(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _halves(settings: Settings, name: str) -> tuple[bool, bool]:
    secret = getattr(settings.oauth, f"{name}_client_secret")
    return bool(getattr(settings.oauth, f"{name}_client_id")), bool(secret and secret.get_secret_value())


def _providers(settings: Settings) -> list[Finding]:
    halves = {name: _halves(settings, name) for name in PROVIDERS}
    findings = [_half(name, *both) for name, both in halves.items() if any(both) and not all(both)]
    whole = [name for name, both in halves.items() if all(both)]
    return [*findings, ok("Providers", ", ".join(whole) or "none: people sign in with passwords")]


def _half(name: str, identifier: bool, secret: bool) -> Finding:
    prefix = f"RELAIS_OAUTH_{name.upper()}"
    have, lack = ("CLIENT_ID", "CLIENT_SECRET") if identifier and not secret else ("CLIENT_SECRET", "CLIENT_ID")
    seen = f"{prefix}_{have} is set without its {lack}: nobody signs in with {name.capitalize()}"
    return wrong("Providers", seen, f"Set {prefix}_{lack}, or take the other away.")


async def _mail(settings: Settings) -> Finding:
    directory = mail_directory(settings)
    if directory is None:
        return await _server(settings)
    seen = f"not sent: messages are files in {directory}"
    if settings.environment == "production":
        remedy = "Set RELAIS_MAIL_SMTP_URL: without mail nobody recovers an account or proves an address."
        return wrong("Mail", seen, remedy)
    return ok("Mail", seen)


async def _server(settings: Settings) -> Finding:
    url = settings.mail.smtp_url
    assert url is not None, "there is a mail server"
    parts = urlsplit(url.get_secret_value())
    host = parts.hostname or "localhost"
    port = parts.port or (SUBMISSIONS_PORT if parts.scheme == "smtps" else SUBMISSION_PORT)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "strerror", None) or "no answer in time"
        return wrong(
            "Mail", f"{host}:{port} does not answer ({reason})", "Check RELAIS_MAIL_SMTP_URL and the firewall."
        )
    writer.close()
    return ok("Mail", f"by {host}:{port}")


def _sender(settings: Settings) -> list[Finding]:
    if settings.mail.smtp_url is None or not settings.mail.sender.rstrip(">").endswith("@localhost"):
        return []
    remedy = "Set RELAIS_MAIL_SENDER to an address that the mail server may send from."
    return [wrong("Sender", f"messages come from {settings.mail.sender}", remedy)]
