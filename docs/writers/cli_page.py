"""`reference/cli.md`: every command of `relais`, from its declaration."""

from collections.abc import Iterator
from typing import Any, Final

import typer
from app.cli import app

from docs.writers.markdown import block, code, page, table

INTRO: Final = """\
`make run` puts the command at `.venv/bin/relais`. Every command reads the same [settings](settings.md); what has no
URL is started as an embedded server for as long as the command runs.

What you can mend yourself is told in one sentence that begins with `relais:`, with exit code 1."""


def cli_page() -> str:
    """The page."""
    parts = [_section(path, command) for path, command in commands()]
    return page("Command line", INTRO, *parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Each command that does something, with the words that call it."""
    yield from _walk("relais", typer.main.get_command(app))


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    nested: dict[str, Any] = getattr(command, "commands", {})
    if not nested:
        yield path, command
    for name, item in nested.items():
        yield from _walk(f"{path} {name}", item)


def _section(path: str, command: Any) -> str:
    rows = [_row(parameter) for parameter in command.params]
    shown = table(("Argument or option", "Default", "Variable", "Meaning"), rows)
    parts = (f"## {path}", command.help or "", block(_usage(path, command), "text"), shown)
    return "\n\n".join(part for part in parts if part)


def _usage(path: str, command: Any) -> str:
    words = [path]
    if any(parameter.param_type_name == "option" for parameter in command.params):
        words.append("[OPTIONS]")
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.name.upper()
            words.append(name if parameter.required else f"[{name}]")
    return " ".join(words)


def _row(parameter: Any) -> tuple[str, ...]:
    if parameter.param_type_name == "argument":
        name = code(parameter.name.upper())
    else:
        flag = getattr(parameter, "is_flag", False)
        negative = parameter.secondary_opts if flag and parameter.default else []
        name = code(" / ".join((*parameter.opts, *negative)))
    return name, _default(parameter), code(str(parameter.envvar or "")), _meaning(parameter)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "asked for" if getattr(parameter, "prompt", None) else "required"
    if isinstance(parameter.default, bool):
        return "on" if parameter.default else "off"
    return code("" if parameter.default is None else str(parameter.default))


def _meaning(parameter: Any) -> str:
    text = parameter.help or ""
    return text or ("Asked for twice and not shown." if getattr(parameter, "hide_input", False) else "")
