"""How both sides are set up: one list of options, named as PostgREST names them, for either."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from app.settings import Settings
from pydantic import SecretStr

from .tokens import SECRET

ANON, AUTHOR, ADMIN = "dialect_anon", "dialect_author", "dialect_admin"
LOGIN, PASSWORD = "dialect_authenticator", "authenticator"

COMMON: dict[str, str | int | bool] = {
    "db_extra_search_path": "extra",
    "db_anon_role": ANON,
    # Nothing that a request writes stays, whatever it asks for but `tx=commit`, which only reads ask for.
    "db_tx_end": "rollback-allow-override",
    "jwt_secret": SECRET,
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A name for a set of options, and the share of all requests that is asked with it."""

    name: str
    share: float
    options: dict[str, str | int | bool] = field(default_factory=dict[str, str | int | bool])

    def postgrest(self) -> dict[str, str]:
        """The options as PostgREST's environment."""
        return {f"PGRST_{name}".upper(): str(value).lower() if value in (True, False) else str(value)
                for name, value in (COMMON | self.options).items()}  # fmt: skip

    def relais(self, settings: Settings, database_url: str) -> Settings:
        """The options in Relais' settings, with this database."""
        rest = type(settings.rest).model_validate(settings.rest.model_dump() | COMMON | self.options)
        url = SecretStr(database_url)
        database = settings.database.model_copy(update={"url": url, "admin_url": url})
        http = settings.http.model_copy(update={"server_timing": False})
        log = settings.log.model_copy(update={"access": False})
        return settings.model_copy(update={"rest": rest, "database": database, "http": http, "log": log})


CONFIGURATIONS = (
    Configuration(
        "open",
        0.85,
        {"db_schemas": "api,api2", "db_aggregates_enabled": True, "db_plan_enabled": True},
    ),
    Configuration("strict", 0.15, {"db_schemas": "api", "db_max_rows": 7, "db_anon_role": ADMIN}),
)


def login_url(admin_url: str, database: str) -> str:
    """The authenticator's way into a database."""
    parts = urlsplit(admin_url)
    host = f"@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=f"{LOGIN}:{PASSWORD}{host}", path=f"/{database}"))
