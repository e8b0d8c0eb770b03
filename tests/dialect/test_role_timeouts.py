"""How long a statement may run is set by role."""

import pytest
from app.main import create_app
from app.settings import RestSettings, Settings

from tests.conftest import client_of, run_sql, started

SLEEP = """
create or replace function library.dialect_sleep(seconds float8) returns text language plpgsql as $$
begin perform pg_sleep(seconds); return current_setting('statement_timeout'); end $$
"""


async def test_a_role_is_stopped_in_its_time(settings: Settings) -> None:
    assert settings.database.admin_url is not None
    grant = "grant execute on function library.dialect_sleep(float8) to anon"
    await run_sql(settings.database.admin_url.get_secret_value(), SLEEP, grant)
    rest = RestSettings.model_validate({"role_statement_timeouts": "anon=0.2, authenticated=5"})
    async with started(create_app(settings.model_copy(update={"rest": rest}))) as app, client_of(app) as client:
        quick = await client.get("/rest/v1/rpc/dialect_sleep?seconds=0")
        slow = await client.get("/rest/v1/rpc/dialect_sleep?seconds=5")
        again = await client.get("/rest/v1/rpc/dialect_sleep?seconds=0")
    assert (quick.status_code, quick.json()) == (200, "200ms")
    assert (slow.status_code, slow.json()["code"]) == (500, "57014")
    assert again.json() == "200ms"


@pytest.mark.parametrize("text", ["anon", "anon=", "=3", "anon=0", "anon=x", "anon=nan"])
def test_a_timeout_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="role and seconds"):
        RestSettings.model_validate({"role_statement_timeouts": text})
