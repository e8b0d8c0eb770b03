"""The machine, and who can reach the API on it."""

import platform
import shutil
import sys
from pathlib import Path

from app.doctor.findings import LOCAL_HOSTS, Finding, advice, is_local, ok, wrong
from app.settings import Settings

LITTLE_DISK_BYTES = 1024**3
CLOCK_SKEW_SECONDS = 5.0


def examine_machine(settings: Settings) -> list[Finding]:
    """Python, disk, network."""
    return [_python(), _disk(settings), _environment(settings), *_network(settings)]


def clock(server: str, skew: float) -> Finding:
    """How far the clock of a server is from ours."""
    if abs(skew) > CLOCK_SKEW_SECONDS:
        remedy = "Synchronise the clocks of the machines (NTP): tokens and limits expire by them."
        return wrong("Clock", f"that of {server} is {skew:+.1f} s away", remedy)
    return ok("Clock", f"{skew * 1000:+.0f} ms from {server}")


def _python() -> Finding:
    return ok("Python", f"{platform.python_version()} on {sys.platform} {platform.machine()}")


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir if settings.data_dir.exists() else Path.cwd()
    free = shutil.disk_usage(place).free
    seen = f"{free / 1024**3:.1f} GiB free at {place}"
    if free < LITTLE_DISK_BYTES:
        return wrong("Disk", seen, "Free some space: PostgreSQL stops when the disk is full.")
    return ok("Disk", seen)


def _environment(settings: Settings) -> Finding:
    if settings.environment == "production":
        return ok("Environment", "production")
    remedy = "Set RELAIS_ENVIRONMENT=production and RELAIS_AUTH_SECRET before others use it."
    return advice("Environment", settings.environment, remedy)


def _network(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    host, in_production = settings.server.host, settings.environment == "production"
    if host not in LOCAL_HOSTS and not in_production:
        seen = f"listens on {host} with development settings"
        findings.append(wrong("Network", seen, "Listen on 127.0.0.1, or run with RELAIS_ENVIRONMENT=production."))
    if host in LOCAL_HOSTS and in_production and not settings.server.trusted_proxies:
        seen = f"listens on {host}, where only a proxy of this machine asks, and believes none"
        remedy = f"Set RELAIS_SERVER_TRUSTED_PROXIES={host}, or all who come through the proxy are one address."
        findings.append(advice("Proxies", seen, remedy))
    return findings + _origins(settings)


def _origins(settings: Settings) -> list[Finding]:
    origins = settings.http.origins()
    remedy = "Name the frontend's origins in RELAIS_HTTP_CORS_ORIGINS."
    if "*" in origins:
        return [advice("CORS", "any website may call the API", remedy)]
    local = [origin for origin in origins if is_local(origin)]
    if local and settings.environment == "production":
        return [advice("CORS", f"pages of {', '.join(local)} may call the API, and sign-ins may return there", remedy)]
    return []
