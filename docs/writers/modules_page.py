"""`reference/modules.md`: what `load_modules()` finds, and what each module brings."""

import re
from collections.abc import Iterable
from typing import Final

from app.adapters.migrations import APP, lineage, sql_files
from app.module import Module
from app.modules import load_modules
from starlette.routing import Route

from docs.writers.markdown import bullets, code, page, table

INTRO: Final = """\
A module is a domain: a folder of `backend/app/modules` with a `MODULE` in its `__init__.py`. No list of them is kept;
`relais modules` prints what was found. How to make one is told in [Add a module](../how-to/add-a-module.md)."""
CORE: Final = """\
What every installation has, whatever its modules: accounts, sessions, mail, logs, and the functions that say who is
asking. It is no module and has no `MODULE`; its schema is `relais`."""


def modules_page() -> str:
    """The page."""
    found = load_modules()
    overview = table(("Module", "Schema", "Summary"), [(m.name, code(m.schema), m.summary) for m in found])
    core = f"## core\n\n{CORE}\n\n{_sql_table('auth/sql/', 'catalog/sql/', 'realtime/sql/')}"
    return page("Modules", INTRO, overview, *(_section(module) for module in found), core)


def _section(module: Module) -> str:
    kept = [f"{code(name)} {seconds} s" for name, seconds in module.cache_seconds.items()]
    brings = (
        ("Tables that clients may address", _names(module.tables)),
        ("Routes", _names(_routes(module))),
        ("Background jobs", _names(job.__name__ for job in module.jobs)),
        ("Run by the clock", _names(schedule.job.__name__ for schedule in module.schedules)),
        ("Done by workers all the time", _names(pulse.beat.__name__ for pulse in module.pulses)),
        ("Realtime tables", _names(module.realtime_tables)),
        (
            "Answers kept, by table",
            ", ".join(kept),
        ),
        ("Demo data", "yes" if module.seed else ""),
        ("Migrations", _names(sorted(name for name in lineage() if name.startswith(f"{module.name}_")))),
    )
    lines = [f"{what}: {value or 'none'}." for what, value in brings]
    sql = _sql_table(f"modules/{module.name}/sql/")
    return "\n\n".join(filter(None, (f"## {module.name}", f"{module.summary}.", bullets(lines), sql)))


def _sql_table(*folders: str) -> str:
    rows = [(code(path), _opening((APP / path).read_text(encoding="utf-8"))) for path in sql_files()]
    return table(
        ("SQL file", "What it says of itself"), [row for row in rows if row[0].lstrip("`").startswith(folders)]
    )


def _opening(script: str) -> str:
    """The first sentence of the comment that a file begins with."""
    lines: list[str] = []
    for line in script.splitlines():
        if not line.startswith("--") or not line.strip("- "):
            break
        lines.append(line.strip("- "))
    return re.split(r"(?<=[.!?])\s", " ".join(lines))[0]


def _routes(module: Module) -> list[str]:
    if module.router is None:
        return []
    found = [route for route in module.router.routes if isinstance(route, Route)]
    return sorted(f"{route.path} ({', '.join(sorted(route.methods or ()))})" for route in found)


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(code, names))
