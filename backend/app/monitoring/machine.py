"""The machine that a process runs on, as far as it can be known without help: memory, load, the process itself."""

import os
from dataclasses import dataclass
from pathlib import Path

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes."""

    used: int
    total: int

    @property
    def percentage(self) -> float:
        """How much of it is used."""
        return round(self.used * 100 / self.total, 2) if self.total else 0.0


def memory() -> Memory:
    """Of the machine; what could be given back is not counted as used."""
    try:
        lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
        found = {parts[0].rstrip(":"): int(parts[1]) * _KIB for parts in lines if len(parts) > 1}
        return Memory(found["MemTotal"] - found["MemAvailable"], found["MemTotal"])
    except (OSError, KeyError, ValueError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Memory(0, total)


def resident() -> int:
    """Bytes of memory that this process has; 0 where that cannot be known."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def load() -> float:
    """How busy the processors were within the last minute, in percent of all of them."""
    return round(os.getloadavg()[0] * 100 / (os.cpu_count() or 1), 2)


def processor_seconds() -> float:
    """What this process took of the processors since it began."""
    times = os.times()
    return times.user + times.system
