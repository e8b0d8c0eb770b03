"""What the figures were made on, in words."""

import importlib.metadata
import os
import platform
from pathlib import Path

import psutil

LIBRARIES = ("fastapi", "starlette", "sqlmodel", "sqlalchemy", "asyncpg", "uvicorn", "uvloop", "httptools", "pydantic")


def description(postgres_version: str) -> tuple[str, ...]:
    """Lines that say which machine and which versions."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    memory = psutil.virtual_memory().total / 2**30
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{_processor()}, {psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}",
        f"PostgreSQL {postgres_version}, Python {platform.python_version()}",
        versions,
        f"load before: {load}",
    )


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
