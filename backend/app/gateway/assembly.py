"""Puts an engine together from settings and a catalog: the keys, the callers, the bounds."""

from app.auth.caller import CallerResolver
from app.auth.claims import ClaimRules
from app.auth.keys import secret_bytes
from app.auth.role_path import RolePath
from app.auth.signing import keyring
from app.auth.tokens import TokenOptions, TokenVerifier
from app.catalog.types import Catalog
from app.gateway.engine import Engine, build_engine
from app.settings import AuthSettings, RestSettings


class Assembly:
    """Makes engines; what is verified stays verified as long as the keys do not change."""

    def __init__(self, auth: AuthSettings, schemas_of_modules: tuple[str, ...] = ()) -> None:
        self._auth = auth
        self._ours = frozenset(schemas_of_modules)
        self._own_keys = keyring(auth).verifying if auth.secret is not None else ()
        self._made_of: tuple[object, ...] = ()
        self._callers: CallerResolver | None = None

    def check(self, settings: RestSettings) -> None:
        """`ValueError`, in words, if tokens cannot be verified with these settings."""
        self.callers(settings)

    def __call__(self, settings: RestSettings, schemas: tuple[str, ...], catalog: Catalog) -> Engine:
        """An engine of a catalog."""
        exact = settings.embeds == "jsonb" or (settings.embeds == "auto" and not self._ours.issuperset(schemas))
        return build_engine(settings, schemas, catalog, self.callers(settings), exact_embeds=exact)

    def callers(self, settings: RestSettings) -> CallerResolver:
        """From headers to callers, with these settings."""
        secret = settings.jwt_secret or self._auth.secret
        options = TokenOptions(
            secret.get_secret_value() if secret is not None else None,
            settings.jwt_secret_is_base64 and settings.jwt_secret is not None,
            rules=ClaimRules(settings.jwt_aud or None, settings.jwt_issuer or None),
            own_keys=self._own_keys,
            cache_entries=settings.jwt_cache_max_entries,
        )
        data = secret_bytes(options.secret) if options.secret is not None else None
        made_of = (options, data, settings.jwt_role_claim_key, settings.anon_role())
        if self._callers is None or made_of != self._made_of:
            role_path = RolePath(settings.jwt_role_claim_key)
            self._callers = CallerResolver(TokenVerifier(options), role_path, anon_role=settings.anon_role())
            self._made_of = made_of
        return self._callers
