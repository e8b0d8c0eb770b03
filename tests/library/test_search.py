"""Search: what a query finds, in which order, with what marked, and for whom."""

from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import Urls, run_sql
from tests.library.conftest import People, new_resource

#: How a resource is opened to somebody.
OPENINGS = {
    "share": "resource_shares (tenant_id, resource_id, expires_at, shared_with_user_id)",
    "group": "resource_shares (tenant_id, resource_id, expires_at, shared_with_group_id)",
    "right": "resource_permissions (tenant_id, resource_id, expires_at, user_id, permission)",
}


async def searched(client: httpx.AsyncClient, q: str, who: dict[str, str] | None = None, **params: Any) -> Any:
    answer = await client.get("/api/search", params={"q": q, **params}, headers=who or {})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def titles(client: httpx.AsyncClient, q: str, who: dict[str, str] | None = None, **params: Any) -> list[str]:
    return [row["title"] for row in (await searched(client, q, who, **params))["data"]]


async def listed(client: httpx.AsyncClient, search: str, **params: Any) -> list[str]:
    answer = await client.get("/api/resources", params={"search": search, **params})
    assert answer.status_code == 200, answer.text
    return [row["title"] for row in answer.json()["data"]]


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Zymurgie avancée", "zymurgie"),
        ("Zymurgie avancée", "ZYMURGIE AVANCEE"),
        ("Les xylophones", "xylophone"),
        ("Un xylophone", "xylophones"),
        ("Growing quinces", "grow quince"),
        ("Wasmtime embarqué", "wasm"),
        ("Le format GeoJSON/TopoJSON", "topojson"),
        ("Carte<Quokka>", "quokka"),
        ("Auto-hébergement yunohost", "hebergement yunohost"),
        ("Gérer ses œuvres", "oeuvres"),
        ("Brainfuck en C++", "brainfuck c++"),
        ("Initiation à l'okapi", "l'okapi"),
    ],
)
async def test_a_resource_is_found_by_words_their_forms_and_beginnings(
    client: httpx.AsyncClient, people: People, title: str, query: str
) -> None:
    await new_resource(client, people.owner, title=title)
    assert title in await titles(client, query)
    assert title in await listed(client, query)


@pytest.mark.parametrize("field", ["description", "readme", "tags", "category", "language"])
async def test_what_hangs_below_the_title_is_searched(client: httpx.AsyncClient, people: People, field: str) -> None:
    word = f"fenouil{field}"
    await new_resource(client, people.owner, title=f"Par {field}", **{field: [word] if field == "tags" else word})
    assert await titles(client, word) == [f"Par {field}"]


async def test_titles_come_before_tags_before_descriptions_before_the_rest(
    client: httpx.AsyncClient, people: People
) -> None:
    await new_resource(client, people.owner, title="D", readme="Voici le tournesol")
    await new_resource(client, people.owner, title="C", description="Voici le tournesol")
    await new_resource(client, people.owner, title="B", tags=["tournesol"])
    await new_resource(client, people.owner, title="A tournesol")
    assert await titles(client, "tournesol") == ["A tournesol", "B", "C", "D"]
    assert await listed(client, "tournesol") == ["A tournesol", "B", "C", "D"]
    assert await listed(client, "tournesol", sortBy="relevance", limit=2, page=2) == ["C", "D"]
    assert await listed(client, "tournesol", sortBy="createdAt", sortOrder="asc") == ["D", "C", "B", "A tournesol"]


@pytest.mark.parametrize("query", ["rhododendrn", "rododendron", "rhodoendron", "hododendron"])
async def test_what_is_misspelt_is_found_nevertheless(client: httpx.AsyncClient, people: People, query: str) -> None:
    await new_resource(client, people.owner, title="Rhododendron")
    assert "Rhododendron" in await titles(client, query)


async def test_what_is_spelt_right_hides_what_is_near(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner, title="Marguerites")
    await new_resource(client, people.owner, title="Margueritte")
    assert await titles(client, "margueritte") == ["Margueritte"]


async def test_every_word_counts(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner, title="Pivoine rouge")
    await new_resource(client, people.owner, title="Pivoine blanche")
    assert await titles(client, "pivoine blanche") == ["Pivoine blanche"]
    assert await titles(client, "la pivoine de la blanche") == ["Pivoine blanche"]


async def test_a_change_is_found_and_what_was_there_no_more(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner, title="Bégonia")
    path = f"/api/resources/{made['id']}"
    await client.put(path, json={"title": "Capucine"}, headers=people.owner.headers)
    assert (await titles(client, "bégonia"), await titles(client, "capucine")) == ([], ["Capucine"])
    await client.delete(path, headers=people.owner.headers)
    assert await titles(client, "capucine") == []


async def test_search_finds_what_the_caller_may_read_and_no_more(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner, title="Belladone secrète", visibility="private", tags=["ombrage"])
    callers: dict[str, tuple[dict[str, str], int]] = {
        "anonymous": ({}, 0),
        "other": (people.other.headers, 0),
        "owner": (people.owner.headers, 1),
        "moderator": (people.moderator.headers, 1),
        "admin": (people.admin.headers, 1),
    }

    async def seen(headers: dict[str, str]) -> tuple[int, ...]:
        found = await searched(client, "belladone", headers)
        near = await searched(client, "beladone", headers)
        rows = await client.get("/api/resources", params={"search": "belladone"}, headers=headers)
        call = {"json": {"query": "belladone"}, "headers": {**headers, "Content-Profile": "library"}}
        called = [
            await client.post(f"/rest/v1/rpc/{name}", **call)
            for name in ("search_resources", "matching_resources", "search_facets")
        ]
        told = [len(answer.json()) for answer in called]
        tags = len(found["facets"]["tag"])
        totals = rows.json()["meta"]["total"], found["meta"]["total"], near["meta"]["total"]
        return (*totals, len(found["data"]), tags, *told[:2], min(told[2], 1))

    for name, (headers, count) in callers.items():
        assert set(await seen(headers)) == {count}, name
    share = {"resource_id": made["id"], "shared_with_user_id": people.other.id}
    shared = await client.post("/rest/v1/resource_shares", json=share, headers=people.owner.headers)
    assert shared.status_code == 201, shared.text
    assert set(await seen(people.other.headers)) == {1}
    await client.put(f"/api/resources/{made['id']}", json={"visibility": "public"}, headers=people.owner.headers)
    assert set(await seen({})) == {1}


@pytest.mark.parametrize("way", OPENINGS)
@pytest.mark.parametrize(("expires", "count"), [("null", 1), ("now() - interval '1 hour'", 0)])
async def test_what_is_opened_to_somebody_is_found_until_it_expires(
    client: httpx.AsyncClient, people: People, urls: Urls, way: str, expires: str, count: int
) -> None:
    made = await new_resource(client, people.owner, title="Ellébore", visibility="private", tags=["ellebore"])
    group = await client.post("/api/groups", json={"name": "G"}, headers=people.owner.headers)
    members, body = f"/api/groups/{group.json()['id']}/members", {"userId": people.other.id}
    assert (await client.post(members, json=body, headers=people.owner.headers)).status_code == 201
    whom = f"'{group.json()['id'] if way == 'group' else people.other.id}'" + (", 'read'" if way == "right" else "")
    await run_sql(
        urls.admin,
        f"insert into library.{OPENINGS[way]} select tenant_id, id, {expires}, {whom} from library.resources"
        f" where id = '{made['id']}'",
    )
    for who, found in ((people.other, count), (people.owner, 1)):
        path = f"/api/resources/{made['id']}"
        assert (await client.get(path, headers=who.headers)).status_code == (200 if found else 404)
        for params in ({"search": "ellébore"}, {"tags__overlaps": "ellebore"}, {"tags": "ellebore"}):
            listed = await client.get("/api/resources", params=params, headers=who.headers)
            shown = [row["id"] for row in listed.json()["data"]]
            assert (made["id"] in shown) == bool(found), (who, params)
        searched_ids = [row["id"] for row in (await searched(client, "ellébore", who.headers))["data"]]
        assert (made["id"] in searched_ids) == bool(found)
        assert (await searched(client, "ellébore", who.headers))["meta"]["total"] == len(searched_ids)


async def test_facets_count_all_that_was_found_and_narrow_it(client: httpx.AsyncClient, people: People) -> None:
    for number in range(3):
        await new_resource(
            client, people.owner, title=f"Glycine {number}", category="Fleurs", tags=["bleu", f"n{number}"]
        )
    await new_resource(client, people.owner, title="Glycine d'ailleurs", category="Arbres", resource_type="github_repo")
    found = await searched(client, "glycine", limit=1)
    assert (len(found["data"]), found["meta"]["total"], found["meta"]["totalPages"]) == (1, 4, 4)
    assert found["facets"]["category"] == [{"value": "Fleurs", "count": 3}, {"value": "Arbres", "count": 1}]
    assert found["facets"]["tag"][0] == {"value": "bleu", "count": 3}
    assert found["facets"]["type"] == [{"value": "external_link", "count": 3}, {"value": "github_repo", "count": 1}]
    assert await titles(client, "glycine", category="Arbres") == ["Glycine d'ailleurs"]
    assert await titles(client, "glycine", type="github_repo") == ["Glycine d'ailleurs"]
    assert await titles(client, "glycine", tag="n1") == ["Glycine 1"]
    beyond = await searched(client, "glycine", page=9)
    assert (beyond["data"], beyond["meta"]["total"]) == ([], 4)


async def test_what_was_found_is_marked_and_nothing_else_passes_for_a_mark(
    client: httpx.AsyncClient, people: People
) -> None:
    await new_resource(
        client, people.owner, title="⟦Fausse⟧ pâquerette <b>", description="Des pâquerettes.", readme="La pâquerette"
    )
    [hit] = (await searched(client, "paquerette"))["data"]
    assert hit["highlights"] == {
        "title": "[Fausse] ⟦pâquerette⟧ <b>",
        "description": "Des ⟦pâquerettes⟧.",
        "readme": "La ⟦pâquerette⟧",
    }
    assert hit["rank"] > 0
    assert hit["profile"]["userId"] == people.owner.id


async def test_a_searched_list_keeps_its_filters_and_pages(client: httpx.AsyncClient, people: People) -> None:
    for number in range(3):
        await new_resource(client, people.owner, title=f"Narcisse {number}", category="c" if number else "d")
    assert sorted(await listed(client, "narcisse", category="c")) == ["Narcisse 1", "Narcisse 2"]
    answer = await client.get("/api/resources", params={"search": "narcisse", "limit": 2, "page": 2})
    assert (len(answer.json()["data"]), answer.json()["meta"]["total"]) == (1, 3)
    unsearched = await client.get("/api/resources", params={"sortBy": "relevance"})
    assert (unsearched.status_code, unsearched.json()["code"]) == (400, "VALIDATION_ERROR")


HOSTILE = [
    "", " ", "!", "&|!()<->:*", "a & !b", "'", "''; drop table x --", "\\", "\\'", "%", "*", "_", "100%", ":*", "<->",
    "foo:*AB", "\x00", "\x00a", "é" * 5000, "x " * 5000, "(" * 10000, "'" * 10000, "a" * 10000, "-" * 300, "🙂",
    "\u202e", "c++ c# f#", "http://x.y/z?a=b&c", "<script>", "a\nb\tc", "1e10 -5 0.5", "le la les de",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_query_is_an_error(client: httpx.AsyncClient, query: str) -> None:
    for path, name in (("/api/search", "q"), ("/api/resources", "search")):
        answer = await client.get(path, params={name: query})
        assert answer.status_code == 200, (path, answer.text)
    if "\x00" not in query:
        for function in ("search_resources", "matching_resources", "search_facets"):
            told = await client.post(f"/rest/v1/rpc/{function}", json={"query": query})
            assert told.status_code == 200, (function, told.text)


@pytest.mark.parametrize("query", ["!!!", "%", "***", "''"])
async def test_a_query_without_words_finds_nothing(client: httpx.AsyncClient, people: People, query: str) -> None:
    await new_resource(client, people.owner)
    assert await titles(client, query) == []
    assert await listed(client, query) == []


@pytest.mark.parametrize("params", [{"limit": 0}, {"page": 0}, {"type": "x"}, {"category": "x" * 256}])
async def test_a_search_that_makes_no_sense_is_refused(client: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await client.get("/api/search", params={"q": "a", **params})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_searched_texts_are_no_column_of_anything(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner)
    row = (await client.get("/rest/v1/resources?select=*&limit=1")).json()[0]
    assert not {"words", "letters"} & row.keys()
    for table in ("resource_texts", "known_words"):
        assert (await client.get(f"/rest/v1/{table}")).status_code == 404


async def test_the_old_way_of_searching_answers_as_before(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner, title="Chrysanthème", description="x")
    found = await client.get("/rest/v1/resources?select=title&or=(title.ilike.*santh*,description.ilike.*santh*)")
    assert found.json() == [{"title": "Chrysanthème"}]


async def test_a_language_that_changes_is_found_as_it_is_now(client: httpx.AsyncClient, people: People) -> None:
    made = await new_resource(client, people.owner, title="Script", language="Befungelien")
    path = f"/api/resources/{made['id']}"
    await client.put(path, json={"language": "Malbolgien"}, headers=people.owner.headers)
    assert (await titles(client, "befungelien"), await titles(client, "malbolgien")) == ([], ["Script"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("rysanth", {"Chrysostome rysanth"}),
        ("RYSANTH quelconque-mot", {"Chrysostome rysanth"}),
        ("kumqua yuz", {"Un", "Deux"}),
        ("calamond", {"Trois"}),
        ("bergamo", {"Quatre"}),
        ("100%,(é)", {"Cinq"}),
        ("kumquat  ", {"Un"}),
        ("rien-de-tel", set[str]()),
    ],
)
async def test_any_word_anywhere_finds_as_the_clients_in_browsers_did(
    client: httpx.AsyncClient, people: People, query: str, found: set[str]
) -> None:
    await new_resource(client, people.owner, title="Chrysostome rysanth")
    await new_resource(client, people.owner, title="Un", description="des Kumquats")
    await new_resource(client, people.owner, title="Deux", readme="et des YUZUS")
    await new_resource(client, people.owner, title="Trois", language="Calamondin")
    await new_resource(client, people.owner, title="Quatre", tags=["x", "Bergamote"])
    await new_resource(client, people.owner, title="Cinq", description="à 100%,(é)galité")
    await new_resource(client, people.owner, title="Secret", description="kumquat yuzu rysanth", visibility="private")
    call = {"query": query, "select": "title", "user_id": f"eq.{people.owner.id}"}
    for headers, more in ((people.other.headers, set[str]()), (people.owner.headers, {"Secret"})):
        told = await client.get("/rest/v1/rpc/resources_containing", params=call, headers=headers)
        seen = {row["title"] for row in told.json()}
        assert seen - {"Secret"} == found, told.text
        assert seen <= found | more


async def test_containing_no_word_is_containing_all(client: httpx.AsyncClient, people: People) -> None:
    await new_resource(client, people.owner)
    call = {"query": " ", "user_id": f"eq.{people.owner.id}"}
    assert len((await client.get("/rest/v1/rpc/resources_containing", params=call)).json()) == 1


async def test_indexes_serve_the_words(client: httpx.AsyncClient, people: People, urls: Urls) -> None:
    connection = await asyncpg.connect(urls.admin)
    try:
        await connection.execute("set enable_seqscan = off; set enable_indexonlyscan = off; set enable_indexscan = off")
        plan = await connection.fetch(
            "explain select from library_internal.resource_texts"
            " where words @@ library_internal.search_query('pissenlit')"
        )
        near = await connection.fetch(
            "explain select from library_internal.known_words where word operator(public.%) 'pissenlit'"
        )
    finally:
        await connection.close()
    assert "resource_texts_words_idx" in str(plan)
    assert "known_words_word_idx" in str(near)


async def test_rows_written_past_the_triggers_are_found_after_a_repair(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    made = await new_resource(client, people.owner, title="Edelweiss")
    connection = await asyncpg.connect(urls.admin)
    try:
        await connection.execute("delete from library_internal.resource_texts where resource_id = $1", made["id"])
        assert await titles(client, "edelweiss") == []
        await connection.execute("select library_internal.keep_missing_texts()")
    finally:
        await connection.close()
    assert await titles(client, "edelweiss") == ["Edelweiss"]


#: As many as a search ranks, and some.
_MANY = 5100
_MADE = """
    insert into library.resources (tenant_id, user_id, title, description)
    select r.tenant_id, r.user_id, 'Pommier ' || number, 'x'
    from library.resources as r cross join generate_series(1, {many}) as number where r.id = '{like}'
"""


async def test_what_more_resources_have_than_are_ranked_is_lost_to_no_filter_and_no_order(
    client: httpx.AsyncClient, people: People, urls: Urls
) -> None:
    first = await new_resource(client, people.owner, title="Pommier", category="Ancien")
    await run_sql(urls.admin, _MADE.format(many=_MANY, like=first["id"]))
    rare = {"category": "Rare", "tags": ["rare"], "resource_type": "github_repo", "language": "Rare"}
    last = await new_resource(client, people.other, title="Autre", description="Sous un pommier", **rare)
    try:
        for params in ({"category": "Rare"}, {"tag": "rare"}, {"type": "github_repo"}):
            told = await searched(client, "pommier", None, **params)
            assert ([row["id"] for row in told["data"]], told["meta"]["total"]) == ([last["id"]], 1), params
            assert told["facets"]["category"] == [{"value": "Rare", "count": 1}]
            assert "totalIsBound" not in told["meta"]
        for params in (
            {"category": "Rare"}, {"tags": "rare"}, {"tags__overlaps": "RARE"}, {"authorId": people.other.id},
            {"language": "Rare"}, {"resourceType": "github_repo"}, {"sortBy": "createdAt", "limit": 1},
        ):  # fmt: skip
            assert await listed(client, "pommier", **params) == ["Autre"], params
        oldest = await listed(client, "pommier", sortBy="createdAt", sortOrder="asc", limit=1)
        assert oldest == ["Pommier"]
        # Nothing of that category has the word, and what is near is not what was meant.
        assert await titles(client, "pommier", category="Aucune") == []
        for path, query in (("/api/search", "q"), ("/api/resources", "search")):
            whole = (await client.get(path, params={query: "pommier", "limit": 2})).json()
            assert whole["data"][0]["title"].startswith("Pommier")
            assert (whole["meta"]["total"], whole["meta"]["totalIsBound"]) == (5000, True), path
        ordered = (await client.get("/api/resources", params={"search": "pommier", "sortBy": "createdAt"})).json()
        assert ordered["meta"]["total"] == _MANY + 2
        assert "totalIsBound" not in ordered["meta"]
    finally:
        await run_sql(urls.admin, "delete from library.resources where title like 'Pommier %'")
