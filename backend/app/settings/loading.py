"""From the environment to settings, or to every mistake in words."""

import difflib
import os
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSettings

from app.settings.refusals import weak_secrets
from app.settings.whole import PREFIX, Settings, variables


class SettingsError(Exception):
    """The settings cannot be used; the message is for the person who set them."""


def load_settings() -> Settings:
    """Read the settings from the environment, or raise `SettingsError` with every mistake in words.

    An unknown `RELAIS_` variable is a mistake too: a setting that is misspelt must not be a setting that is ignored.
    """
    known = dict(variables())
    mistakes = [
        f"{name} is no setting{_suggestion(name, known)}."
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in known
    ]
    mistakes += [
        f"{name} is not valid UTF-8."
        for name in sorted(known)
        if "\udc80" <= max(os.environ.get(name, " "), default=" ") <= "\udcff"
    ]
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue] - values come from the environment
    except ValidationError as error:
        for item in error.errors():
            if item["type"] == "extra_forbidden":
                continue  # said already, with a suggestion
            variable = PREFIX + "_".join(str(part) for part in item["loc"]).upper()
            mistakes.append(f"{variable}: {item['msg'].removeprefix('Value error, ')}.")
        raise SettingsError("\n".join(mistakes)) from None
    except UnreadableSettings as error:
        raise SettingsError("\n".join(mistakes or [f"{error}."])) from None
    mistakes += weak_secrets(settings)
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}" if close else ""
