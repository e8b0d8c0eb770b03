"""Relais is asked what PostgREST 12.0.2 is asked, and answers the same, but for what `differences.py` lists.

The requests are generated (`requests.py`) from a fixed seed; `RELAIS_TEST_DIFFERENTIAL` says how many, and
`RELAIS_TEST_DIFFERENTIAL_SEED` which. Reads are asked several at once. Writes are rolled back, one after the other, on
each side's own copy of the database, so that neither sequences nor locks of one request are felt by another.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from app.embedded import Servers
from app.errors import INTERNAL_ERROR
from app.main import create_app
from app.servers import resolved
from app.settings import Settings

from tests.conftest import Urls, run_sql, settings_for, started

from .comparing import Difference, Exchange, differences, error_of
from .configuration import CONFIGURATIONS, Configuration
from .conftest import DialectDatabase, Starter
from .database import fingerprint
from .differences import KINDS, kind_of
from .exchange import READS_AT_ONCE, InProcess, OverSocket, Side, ask_all
from .messages import Request
from .picture import Picture
from .reporting import histogram, report
from .requests import generate

COUNT = int(os.environ.get("RELAIS_TEST_DIFFERENTIAL", "2000"))
SEED = int(os.environ.get("RELAIS_TEST_DIFFERENTIAL_SEED", "12"))
PREFIX = "/rest/v1"
#: Content types of bodies that a HEAD has made as well.
MADE = ("application/vnd.pgrst.plan", "application/openapi")
LOG = logging.getLogger("dialect")
LEAST_SHARE_OF_GOOD_READS = 0.6


@dataclass(slots=True)
class Findings:
    """What came of a run."""

    exchanges: list[Exchange] = field(default_factory=list[Exchange])

    def differences(self) -> list[Difference]:
        """Every difference between the two sides."""
        return [difference for exchange in self.exchanges for difference in differences(exchange)]


@pytest.fixture(scope="module")
def findings(
    start_postgrest: Starter, dialect_database: DialectDatabase, picture: Picture, servers: Servers, data_dir: Path
) -> Findings:
    """All requests, asked of both."""
    found = Findings()
    requests = list(generate(picture, SEED, COUNT))
    base = settings_for(Urls(dialect_database.ours, dialect_database.ours), servers, data_dir)
    for configuration, share in _shares(requests):
        with start_postgrest(configuration.postgrest()) as address:
            settings = configuration.relais(base, dialect_database.ours)
            found.exchanges += asyncio.run(_exchanged(address, settings, share))
        # What was rolled back has left room behind, and with it other estimates.
        for url in (dialect_database.admin_reference, dialect_database.admin_ours):
            asyncio.run(run_sql(url, "vacuum"))
    return found


def test_the_requests_are_a_healthy_mix(findings: Findings) -> None:
    mix = histogram(findings.exchanges)
    LOG.info("\n%s", "\n".join(f"{name:16} {dict(statuses.most_common())}" for name, statuses in mix.items()))
    reads = sum((statuses for category, statuses in mix.items() if category.startswith("read.")), Counter())
    good = sum(count for status, count in reads.items() if status < 300)
    assert good >= LEAST_SHARE_OF_GOOD_READS * reads.total()
    assert {method for exchange in findings.exchanges for method in [exchange.request.method]} >= {
        *("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")
    }


def test_relais_answers_as_postgrest_does(findings: Findings) -> None:
    unexpected: list[Difference] = []
    expected: Counter[str] = Counter()
    for difference in findings.differences():
        kind = kind_of(difference)
        if kind is None:
            unexpected.append(difference)
        else:
            expected[kind.name] += 1
    never = [kind.name for kind in KINDS if kind.name not in expected]
    LOG.info("%s differences that are meant to be: %s", expected.total(), dict(expected.most_common()))
    LOG.info("Listed, but not seen: %s", ", ".join(never) or "none")
    assert not unexpected, report(unexpected)


def test_no_request_is_an_internal_error(findings: Findings) -> None:
    codes = (None, INTERNAL_ERROR.code)
    broken = [e for e in findings.exchanges if e.ours.status == 500 and error_of(e.ours).get("code") in codes]
    assert not broken, "\n".join(exchange.request.curl("$URL") for exchange in broken[:20])


def test_every_body_comes_with_its_length(findings: Findings) -> None:
    """What 12.0.2 cannot show: it sends chunks."""
    wrong = [e for e in findings.exchanges if e.ours.header("content-length") != _length(e)]
    assert not wrong, "\n".join(exchange.request.curl("$URL") for exchange in wrong[:20])


def test_no_write_stays(findings: Findings, dialect_database: DialectDatabase) -> None:
    assert findings.exchanges
    for url in (dialect_database.admin_reference, dialect_database.admin_ours):
        assert asyncio.run(fingerprint(url)) == dialect_database.fingerprint


def _length(exchange: Exchange) -> str | None:
    answer = exchange.ours
    if exchange.request.method == "HEAD":
        # Of a body that nobody has made nobody knows the length; those of errors and plans are made.
        is_row = answer.status < 300 and not (answer.header("content-type") or "").startswith(MADE)
        return None if is_row else answer.header("content-length")
    return None if answer.status == 204 else str(len(answer.body))


def _shares(requests: list[Request]) -> Iterable[tuple[Configuration, list[Request]]]:
    """Each configuration with its part of the requests."""
    begin = 0
    for configuration in CONFIGURATIONS:
        end = begin + round(configuration.share * len(requests))
        yield configuration, requests[begin:end]
        begin = end


async def _exchanged(address: tuple[str, int], settings: Settings, requests: list[Request]) -> list[Exchange]:
    reference = OverSocket(*address)
    try:
        with resolved(settings) as filled:
            async with started(create_app(filled)) as app:
                ours = InProcess(app, PREFIX)
                return await _asked_both(reference, ours, requests)
    finally:
        await reference.aclose()


async def _asked_both(reference: Side, ours: Side, requests: list[Request]) -> list[Exchange]:
    reads = [request for request in requests if request.method in ("GET", "HEAD", "OPTIONS")]
    writes = [request for request in requests if request.method not in ("GET", "HEAD", "OPTIONS")]
    found: list[Exchange] = []
    for chosen, at_once in ((reads, READS_AT_ONCE), (writes, 1)):
        theirs, answers = await asyncio.gather(
            ask_all(reference, chosen, at_once=at_once), ask_all(ours, chosen, at_once=at_once)
        )
        found += [Exchange(*triple) for triple in zip(chosen, theirs, answers, strict=True)]
    return found
