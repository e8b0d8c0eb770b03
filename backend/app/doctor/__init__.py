"""`relais doctor`: what is wrong with this installation, and what to do about each thing.

A file for each kind of thing that is looked at. What is found is told by `cli.py`.
"""

from app.doctor.accounts import examine_accounts
from app.doctor.database import examine_database
from app.doctor.findings import Finding, Severity, ok, wrong
from app.doctor.keys import examine_keys
from app.doctor.machine import examine_machine
from app.doctor.queue import examine_redis
from app.modules import load_modules
from app.settings import Settings, SettingsError

__all__ = ["Finding", "Severity", "examine", "unusable"]


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; what cannot be reached hides only what is behind it."""
    findings = [*examine_machine(settings), *examine_keys(settings)]
    exposed = settings.rest.schemas()
    if exposed and set(exposed).isdisjoint(module.schema for module in load_modules()):
        # Somebody else's database: neither our tables nor our roles are looked for, and nobody signs in.
        findings.append(ok("Migrations", "none needed: no module's schema is exposed"))
        return [*findings, *await examine_redis(settings, worker=False)]
    findings += await examine_accounts(settings)
    findings += await examine_database(settings)
    return [*findings, *await examine_redis(settings)]


def unusable(error: SettingsError) -> list[Finding]:
    """What there is to find where the settings cannot even be read."""
    remedy = "Mend it: nothing starts with it. `docs/reference/settings.md` has them all."
    return [wrong("Settings", sentence, remedy) for sentence in str(error).splitlines()]
