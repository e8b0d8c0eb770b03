"""A page as HTML: nothing in it runs, and nothing is fetched for it."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from app.accounts.pages.words import Words

_STYLE: Final = (
    "body{font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#111;background:#fff;max-width:30rem;"
    "margin:2rem auto;padding:0 1rem}"
    "label{display:block;margin:1rem 0 .25rem}"
    "input{box-sizing:border-box;width:100%;padding:.6rem;font:inherit;border:1px solid #767676;border-radius:6px}"
    "button,a.on{display:inline-block;margin-top:1.5rem;padding:.75rem 1.25rem;border:0;border-radius:6px;font:inherit;"
    "background:#1d4ed8;color:#fff;text-decoration:none;cursor:pointer}"
    "[role=alert]{border-left:4px solid #b91c1c;padding:.25rem .75rem}small{color:#555}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Form:
    """What is sent back."""

    token: str
    button: str
    #: Whose account it is, for programs that keep passwords; empty: no password is asked for.
    password_for: str = ""
    with_name: bool = False
    #: Where the browser is sent on to when the form has come back; browsers ask for leave.
    onward: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown."""

    title: str
    says: tuple[str, ...] = ()
    problem: str = ""
    form: Form | None = None
    #: The name of a link to the frontend, and where that is.
    on: tuple[str, str] | None = None
    status: int = 200


def drawn(page: Page, words: Words) -> HTMLResponse:
    """The page, and what a browser may do with it."""
    parts = [f"<h1>{escape(page.title)}</h1>"]
    if page.problem:
        parts.append(f'<p role="alert">{escape(page.problem)}</p>')
    parts += [f"<p>{escape(text)}</p>" for text in page.says]
    if page.form is not None:
        parts.append(_form(page.form, words))
    if page.on is not None:
        name, url = page.on
        parts.append(f'<p><a class="on" href="{escape(url)}">{escape(name)}</a></p>')
    content = _FRAME.format(code=words.code, title=escape(page.title), style=_STYLE, body="\n".join(parts))
    return HTMLResponse(content, page.status, {"Content-Security-Policy": _policy(page), "Cache-Control": "no-store"})


def _form(form: Form, words: Words) -> str:
    fields = [f'<input type="hidden" name="token" value="{escape(form.token)}">']
    if form.password_for:
        fields.append(
            f'<label for="email">{escape(words.email)}</label>'
            f'<input id="email" type="email" autocomplete="username" value="{escape(form.password_for)}" readonly>'
        )
    if form.with_name:
        fields.append(
            f'<label for="name">{escape(words.full_name)}</label>'
            '<input id="name" name="full_name" autocomplete="name" maxlength="100">'
        )
    if form.password_for:
        fields.append(
            f'<label for="password">{escape(words.password)}</label>'
            '<input id="password" name="password" type="password" autocomplete="new-password" minlength="8" required>'
            f"<small>{escape(words.rules)}</small>"
        )
    fields.append(f'<div><button type="submit">{escape(form.button)}</button></div>')
    # Without an address it goes back to where the page came from, whatever path a proxy has put before it.
    return '<form method="post" autocomplete="on">' + "\n".join(fields) + "</form>"


def _policy(page: Page) -> str:
    onward = urlsplit(page.form.onward) if page.form is not None and page.form.onward else None
    leave = ""
    if onward is not None:
        leave = f" {onward.scheme}://{onward.netloc}" if onward.scheme in ("http", "https") else f" {onward.scheme}:"
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'{leave}; base-uri 'none';"
        " frame-ancestors 'none'"
    )


_FRAME: Final = """<!DOCTYPE html>
<html lang="{code}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{title}</title><style>{style}</style></head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
