"""Texts that mean to become SQL, and every place of a request where they may stand."""

import json
from collections.abc import Callable
from urllib.parse import quote

from tests.dialect.tokens import token

from .asking import Raw

HARM = "delete from api.canary"
SETTING = "canary.setting"
SET = f"set_config('{SETTING}','harmed',false)"
PAYLOADS = (
    f"'; {HARM}; --",
    f'"; {HARM}; --',
    f"1; {HARM}",
    f"1); {HARM}; --",
    f"1')); {HARM}; --",
    f'"."x"); {HARM}; --',
    f"x' or {SET} = 'harmed",
    f"' || {SET} || '",
    f"'||{SET}||'",
    f"1 and {SET} is not null",
    f'id" = 1 or {SET} is not null or "id',
    f'id", {SET}, "id',
    f"id, {SET}",
    f'x" as x, {SET} as "y',
    f"int) , {SET} as y, cast(1 as int",
    f"text as text), {SET}, cast('a'",
    f"$$; {HARM}; $$",
    f"$x$ || {SET} || $x$",
    f"$1 || {SET}",
    f"\\'; {HARM}; --",
    f"\\\\'; {HARM}; --",
    f"E'\\''; {HARM}; --'",
    f"\u02bc; {HARM}; --",
    f"\uff07; {HARM}; --",
    f"\xbf'; {HARM}; --",
    f"/*'*/; {HARM}; /*",
    f"x'\n; {HARM}; --",
    f"{{a,b}}'; {HARM}; --",
    f"(select {SET})",
    f"null) union select {SET}--",
    f"id=excluded.id where {SET} is not null --",
    f"do update set label = {SET}",
    f"with x as ({HARM} returning 1) select 1",
    f"pg_catalog.{SET}",
    "set_config",
    "pg_terminate_backend",
    "dialect_anon, pg_read_all_data",
    "none'; reset role; --",
    f"UTC'; set {SETTING} = 'harmed'; --",
    f"'->>'a') || {SET} || ('",
    f"english', 'a') or {SET} is not null or to_tsvector('english",
)
_JSON = (b"content-type", b"application/json")
_MERGE = (b"prefer", b"resolution=merge-duplicates, return=representation")


def _q(text: str) -> bytes:
    return quote(text, safe="").encode()


def _name(text: str) -> bytes:
    """A quoted name: the grammar lets anything be one."""
    return _q('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')


def _books(template: bytes, write: Callable[[str], bytes]) -> Callable[[str], Raw]:
    return lambda text: Raw("GET", b"/books", template.replace(b"{}", write(text)))


def _posted(query: bytes, body: Callable[[str], object]) -> Callable[[str], Raw]:
    return lambda text: Raw("POST", b"/labels", query, (_JSON, _MERGE), json.dumps(body(text)).encode())


def _with(
    name: bytes, value: Callable[[str], str], *, method: str = "GET", path: bytes = b"/canary"
) -> Callable[[str], Raw]:
    body = b'{"id":1}' if method == "POST" else b""
    return lambda text: Raw(method, path, b"", ((name, _header(value(text))), _JSON), body)


def _header(text: str) -> bytes:
    return text.replace("\n", " ").encode("latin-1", "replace")


def _claimed(claims: Callable[[str], dict[str, object]]) -> Callable[[str], Raw]:
    return _with(b"authorization", lambda text: f"Bearer {token(claims(text))}", path=b"/rpc/claims")


_IN_QUERIES = (
    b"select={}",
    b"select={}:id",
    b"select=id::{}",
    b"select=id,{}:authors!author_id(name)",
    b"select=id.{}()",
    b"select=id.sum()::{}",
    b"select=authors!{}(id)",
    b"select={}(id)",
    b"select=...authors!author_id({}:name)",
    b"select=data->{}",
    b"select=data->>{}",
    b"order={}",
    b"order=id.{}",
    b"order=data->{}.desc",
    b"select=id,authors!author_id(id)&order=authors({})",
    b"{}=eq.1",
    b"id={}",
    b"id=eq.{}",
    b"title=in.({})",
    b"id={}.1",
    b"title=eq(any).{}",
    b"data->{}=eq.1",
    b"blurb=fts({}).a",
    b"blurb=fts.{}",
    b"tags=cs.{}",
    b"title=like.{}",
    b"id=is.{}",
    b"or=({}.eq.1,id.eq.1)",
    b"or=(title.eq.{})",
    b"and={}",
    b"limit={}",
    b"offset={}",
    b"columns={}",
    b"{}.order=id",
    b"select=id,{}:authors!author_id(id)&{}.id=eq.1",
    b"select=id,{}:authors!author_id(id)&order={}(id)",
)
#: Where the texts are put, by names that tell of it.
POSITIONS: dict[str, Callable[[str], Raw]] = {
    **{f"{place.decode()} bare": _books(place, _q) for place in _IN_QUERIES},
    **{f"{place.decode()} quoted": _books(place, _name) for place in _IN_QUERIES},
    "table": lambda text: Raw("GET", b"/" + _q(text)),
    "function": lambda text: Raw("GET", b"/rpc/" + _q(text)),
    "argument": lambda text: Raw("GET", b"/rpc/upper_name", _q(text) + b"=1"),
    "argument's value": lambda text: Raw("GET", b"/rpc/raise_full", b"code=P0001&message=" + _q(text)),
    "argument in a body": lambda text: Raw(
        "POST", b"/rpc/add", b"", (_JSON,), json.dumps({text: 1, "a": text}).encode()
    ),
    "form": lambda text: Raw(
        "POST",
        b"/labels",
        b"",
        ((b"content-type", b"application/x-www-form-urlencoded"),),
        b"id=1&" + _q(text) + b"=" + _q(text),
    ),
    "csv": lambda text: Raw(
        "POST",
        b"/labels",
        b"",
        ((b"content-type", b"text/csv"),),
        b'id,"' + text.replace('"', '""').encode() + b'"\n1,a',
    ),
    "key of a body": _posted(b"", lambda text: {"id": 1, text: 1}),
    "value of a body": _posted(b"", lambda text: {"id": 9000, "label": text}),
    "key with columns": _posted(b"columns=id", lambda text: {"id": 9000, text: text}),
    "columns": lambda text: _posted(b"columns=" + _name(text), lambda inner: {inner: inner})(text),
    "on_conflict": lambda text: _posted(b"on_conflict=" + _name(text), lambda inner: {"id": 9000, "label": inner})(
        text
    ),
    "on_conflict bare": lambda text: _posted(b"on_conflict=" + _q(text), lambda inner: {"id": 9000, "label": inner})(
        text
    ),
    "delete": lambda text: Raw("DELETE", b"/labels", b"label=eq." + _q(text)),
    "patch": lambda text: Raw(
        "PATCH", b"/labels", b"label=eq." + _q(text), (_JSON,), json.dumps({"label": text}).encode()
    ),
    "put": lambda text: Raw(
        "PUT", b"/labels", b"id=eq." + _q(text), (_JSON,), json.dumps({"id": text, "label": text}).encode()
    ),
    "accept-profile": _with(b"accept-profile", str),
    "content-profile": _with(b"content-profile", str, method="POST"),
    "time zone": _with(b"prefer", lambda text: f"timezone={text}"),
    "preference": _with(b"prefer", lambda text: f"count={text}, {text}"),
    "accept": _with(b"accept", str),
    "plan": _with(b"accept", lambda text: f'application/vnd.pgrst.plan+json; for="{text}"; options={text}|analyze'),
    "range": _with(b"range", str),
    "header": _with(b"x-anything", str, path=b"/rpc/header_names"),
    "cookie": _with(b"cookie", lambda text: f"a={text}; {text}=b", path=b"/rpc/header_names"),
    "role": _claimed(lambda text: {"role": text}),
    "subject": _claimed(lambda text: {"sub": text}),
    "tenant": _claimed(lambda text: {"tenant_id": text, "role": "dialect_author"}),
    "claim": _claimed(lambda text: {text: {text: text}}),
}
