"""Settings of the query gateway."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from app.settings.group import Group, comma_separated
from app.settings.values import costs_by_name, exposable, regular_expressions, seconds_by_name

_BETWEEN_PAIRS = re.compile(r",(?=\s*[\w.$-]+\s*=)")


class RestSettings(Group):
    """The query gateway. A field is called as PostgREST calls its option, `-` written `_`, wherever it has one."""

    db_schemas: Annotated[str, AfterValidator(exposable)] = Field(
        "",
        description="Comma-separated schemas whose tables and functions are served; the first is the default. Unset:"
        " those of the modules.",
    )
    db_extra_search_path: str = Field(
        "public", description="Comma-separated schemas that functions of rows and types are found in besides."
    )
    db_anon_role: str = Field("anon", description="Role of requests without a token. `-`: tokens are required.")
    db_max_rows: int | None = Field(
        None, ge=0, description="Rows of any one table in an answer of the gateway. Unset: no bound."
    )
    db_pre_request: str = Field("", description="Function that runs before each statement, as the caller.")
    db_root_spec: str = Field("", description="Function that answers the root instead of the OpenAPI document.")
    db_tx_end: Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"] = Field(
        "commit", description="How transactions end, and whether `Prefer: tx=…` may say otherwise."
    )
    db_aggregates_enabled: bool = Field(False, description="Allow `sum()`, `avg()`, `count()`, `max()`, `min()`.")
    db_plan_enabled: bool = Field(False, description="Allow execution plans as answers.")
    db_hoisted_tx_settings: Annotated[str, AfterValidator(regular_expressions)] = Field(
        "statement_timeout,plan_filter.statement_cost_limit,default_transaction_isolation",
        description="Comma-separated settings of functions that take effect for the whole transaction.",
    )
    db_config: bool = Field(
        True, description="Read settings `pgrst.*` of the login's role and `ALTER ROLE … SET` of the callers' roles."
    )
    db_pre_config: str = Field("", description="Function that sets `pgrst.*` settings before they are read.")
    db_channel: str = Field("pgrst", description="Channel whose notifications reload the catalog, besides `relais`.")
    db_channel_enabled: bool = Field(True, description="Listen to notifications.")
    app_settings: str = Field(
        "", description="Comma-separated `name=value`, readable in SQL as `current_setting('app.settings.name')`."
    )
    jwt_secret: SecretStr | None = Field(
        None,
        description="Key that tokens are verified with: text of 32 bytes or more, a JWK, a JWK set, or `@file`. Unset:"
        " RELAIS_AUTH_SECRET.",
    )
    jwt_secret_is_base64: bool = Field(False, description="The secret is written in base64.")
    jwt_aud: str = Field("", description="Audience that a token must name, if it names one.")
    jwt_issuer: str = Field("", description="Issuer that a token must name.")
    jwt_role_claim_key: str = Field("$.role", description="JSONPath of the role in a token's claims.")
    jwt_cache_max_entries: int = Field(1000, ge=0, description="Verified tokens that are remembered; 0: none.")
    openapi_mode: Literal["follow-privileges", "ignore-privileges", "disabled"] = Field(
        "follow-privileges", description="What the OpenAPI document at the root lists."
    )
    openapi_security_active: bool = Field(False, description="Describe tokens in the OpenAPI document.")
    openapi_server_proxy_uri: str = Field("", description="Address that the OpenAPI document gives as the server's.")
    server_cors_allowed_origins: str = Field(
        "", description="Comma-separated origins whose pages may use the gateway. Unset: all, without credentials."
    )
    server_timing_enabled: bool = Field(True, description="Send Server-Timing with the time each stage took.")
    server_trace_header: str = Field("", description="Request header that is copied to each answer.")
    url_use_legacy_target_names: bool = Field(
        True, description="Let filters name an embed by its table even when it has an alias."
    )
    client_error_verbosity: Literal["verbose", "minimal"] = Field(
        "verbose", description="`minimal`: errors have a code and a message only."
    )
    embeds: Literal["auto", "jsonb", "json"] = Field(
        "auto",
        description="What embeds are made of: `jsonb` gives PostgREST's bytes, `json` the same values faster. `auto`:"
        " `json` when only schemas of the modules are exposed.",
    )
    tenant_column: str = Field(
        "tenant_id", description="Column that is hidden and filled wherever it is the caller's tenant by default."
    )
    request_settings: Literal["auto", "always", "never"] = Field(
        "auto", description="Set `request.headers` and the like: always, or when something in the database reads them."
    )
    max_query_bytes: int = Field(49152, ge=256, le=65000, description="Longest query string.")
    max_query_body_bytes: int = Field(
        1_000_000, ge=256, le=100_000_000, description="Longest query that is sent as a body, by POST to `…/query`."
    )
    max_filters: int = Field(500, ge=1, description="Filters in a query string, those within logic trees included.")
    max_embeds: int = Field(50, ge=0, description="Embeds in a query string, at all levels.")
    role_statement_timeouts: Annotated[str, AfterValidator(seconds_by_name)] = Field(
        "",
        description="Comma-separated `role=seconds`: longest time a statement of a role may run. What `ALTER ROLE … SET"
        " statement_timeout` says comes first.",
    )
    cost_budgets: Annotated[str, AfterValidator(costs_by_name)] = Field(
        "",
        description="Comma-separated `role:cost`: what PostgreSQL's planner may expect a read by a role to cost; beyond"
        " it: 422. Unset: no bound, and the planner is not asked.",
    )
    plans_by_measurement: bool = Field(
        True,
        description="Let one plan of PostgreSQL serve all values of a statement where that is measured to be faster.",
    )
    explain_roles: str = Field(
        "service", description="Comma-separated roles that may ask which policies hide rows, besides administrators."
    )
    explain_rows: int = Field(5000, ge=1, description="Rows that are looked at to tell which policies hide them.")
    plan_cache_entries: int = Field(2000, ge=0, description="Shapes of requests whose statements are remembered.")

    max_batch_items: int = Field(100, ge=1, le=10000, description="Requests in a batch.")
    idempotency_seconds: int = Field(
        86400,
        ge=1,
        le=31536000,
        description="How long a write with an `Idempotency-Key` is remembered with its answer.",
    )
    idempotency_keys: int = Field(10000, ge=1, description="Keys of one user that are remembered at once.")
    idempotency_answer_bytes: int = Field(
        65536, ge=0, description="Longest answer that is kept with a key; of a longer one only that it was given."
    )

    def schemas(self) -> tuple[str, ...]:
        """The exposed schemas, the default one first."""
        return comma_separated(self.db_schemas)

    def extra_search_path(self) -> tuple[str, ...]:
        """Schemas that are searched after the exposed one."""
        return comma_separated(self.db_extra_search_path)

    def hoisted(self) -> tuple[str, ...]:
        """Patterns of settings that functions set for the whole transaction."""
        return comma_separated(self.db_hoisted_tx_settings)

    def explaining_roles(self) -> frozenset[str]:
        """Roles that may look behind the rules."""
        return frozenset(comma_separated(self.explain_roles))

    def cors_origins(self) -> tuple[str, ...]:
        """The origins whose pages may use the gateway; none: all."""
        return comma_separated(self.server_cors_allowed_origins)

    def statement_timeouts(self) -> dict[str, str]:
        """Milliseconds by role, as PostgreSQL takes them."""
        found: dict[str, str] = {}
        for part in comma_separated(self.role_statement_timeouts):
            role, _, seconds = part.partition("=")
            found[role.strip()] = str(max(1, round(float(seconds) * 1000)))
        return found

    def budgets(self) -> dict[str, float]:
        """Costs by role."""
        pairs = (part.rpartition(":") for part in comma_separated(self.cost_budgets))
        return {role.strip(): float(cost) for role, _, cost in pairs}

    def app_settings_pairs(self) -> tuple[tuple[str, str], ...]:
        """Settings of the application, by their names in SQL."""
        # A comma that no name follows is part of a value.
        parts = _BETWEEN_PAIRS.split(self.app_settings)
        pairs = (part.partition("=") for part in parts)
        return tuple((f"app.settings.{name.strip()}", value.strip()) for name, found, value in pairs if found)

    def anon_role(self) -> str | None:
        """The role of requests without a token, if they are allowed."""
        return None if self.db_anon_role == "-" else self.db_anon_role
