"""From the name of a letter and what is known to its subject, text and HTML. Sends nothing and reads nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from string import Formatter
from typing import Any

from app.jobs.letters.english import ENGLISH
from app.jobs.letters.french import FRENCH
from app.jobs.letters.shape import Language, Letter
from app.jobs.letters.site import PATHS, Site
from app.jobs.letters.values import known_values, one_line

LANGUAGES: Mapping[str, Language] = {language.code: language for language in (FRENCH, ENGLISH)}
TEMPLATES = frozenset(FRENCH.letters)
#: Letters that are nothing without their link.
WITH_SECRET = frozenset(PATHS)
#: Letters that lead to the frontend without a secret.
_OPEN = frozenset({"digest", "welcome"})
_LONGEST_SUBJECT = 150
_names = Formatter()


class Unreadable(Exception):
    """A message that cannot be written, today or ever."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it is read."""

    language: str
    subject: str
    text: str
    html: str


def render(template: str, locale: str, *, told: Mapping[str, Any], secret: Mapping[str, Any], site: Site) -> Rendered:
    """A letter; `Unreadable` if there is none of this name, or if it lacks the secret that it is all about."""
    language = LANGUAGES.get(locale[:2].lower(), FRENCH)
    letter = language.letters.get(template)
    if letter is None:
        raise Unreadable(f"There is no letter called {template[:40]!r}")
    link = _link(template, secret, site)
    values = {**known_values(told, language), "app": one_line(site.app)}
    greeted = values if letter.names_reader else {}
    says = [*_first(language.greetings, greeted), *_known(letter.says, values)]
    after = list(_known(letter.after, values))
    subject = one_line(_filled(next(_first(letter.subjects, values)), values))[:_LONGEST_SUBJECT]
    page = _Page(language, letter, says, after, link, values)
    return Rendered(language.code, subject, page.text(), page.html(subject))


@dataclass(frozen=True, slots=True)
class _Page:
    language: Language
    letter: Letter
    says: list[str]
    after: list[str]
    link: str
    values: Mapping[str, str]

    def text(self) -> str:
        """As plain text, the link on a line of its own."""
        label = f"{_filled(self.letter.label, self.values)}{self.language.colon}"
        link = [f"{label}\n{self.link}"] if self.link else []
        closing = f"-- \n{_filled(self.language.closing, self.values)}"
        parts = [*(_filled(part, self.values) for part in self.says), *link]
        parts += [_filled(part, self.values) for part in self.after]
        return "\n\n".join([*parts, closing]) + "\n"

    def html(self, subject: str) -> str:
        """As a page without images, scripts or anything else that is fetched."""
        safe = {name: escape(value) for name, value in self.values.items()}
        body = [_paragraph(part, safe) for part in self.says]
        if self.link:
            href, label = escape(self.link), _filled(escape(self.letter.label), safe)
            body += [
                f'<p style="margin:24px 0"><a href="{href}" style="{_BUTTON}">{label}</a></p>',
                f'<p style="{_SMALL}">{escape(self.language.by_hand)}<br>{href}</p>',
            ]
        body += [_paragraph(part, safe) for part in self.after]
        body.append(f'<p style="{_SMALL}">{_filled(escape(self.language.closing), safe)}</p>')
        return _FRAME.format(code=self.language.code, title=escape(subject), body="\n".join(body))


_BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:6px;background:#1d4ed8;color:#ffffff;text-decoration:none"
)
_SMALL = "color:#555555;font-size:13px;word-break:break-all"
_FRAME = """<!DOCTYPE html>
<html lang="{code}">
<head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>{title}</title></head>
<body style="font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#111111;max-width:560px;margin:24px">
{body}
</body>
</html>
"""


def _link(template: str, secret: Mapping[str, Any], site: Site) -> str:
    if template in _OPEN:
        return site.url.rstrip("/")
    if template not in WITH_SECRET:
        return ""
    token = secret.get("token")
    if not isinstance(token, str) or not token:
        raise Unreadable("The secret of the letter is gone")
    return site.link(template, {"token": token})


def _paragraph(part: str, safe: Mapping[str, str]) -> str:
    return f"<p>{_filled(escape(part), safe)}</p>"


def _filled(part: str, values: Mapping[str, str]) -> str:
    # What is filled in is never looked at for names again.
    return part.format_map(values)


def _known(parts: tuple[str, ...], values: Mapping[str, str]) -> Iterator[str]:
    return (part for part in parts if all(name in values for _, name, _, _ in _names.parse(part) if name))


def _first(parts: tuple[str, ...], values: Mapping[str, str]) -> Iterator[str]:
    yield next(_known(parts, values))
