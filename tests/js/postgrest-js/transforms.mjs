// What becomes of the rows: their order, their number, the form of the answer.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answers, api, dataOf, refuses } from "./support.mjs";

const labels = (columns = "id") => api.from("labels").select(columns);
const rows = (...ids) => ids.map((id) => ({ id }));

describe("order", () => {
  // Levels: low 4 8, mid 1 5, high 2 6, null 3 7.
  test("ascending, nulls last", () => answers(labels().order("level").order("id"), rows(4, 8, 1, 5, 2, 6, 3, 7)));
  test("descending, nulls first", () =>
    answers(labels().order("level", { ascending: false }).order("id"), rows(3, 7, 2, 6, 1, 5, 4, 8)));
  test("ascending, nulls first", () =>
    answers(labels().order("level", { nullsFirst: true }).order("id"), rows(3, 7, 4, 8, 1, 5, 2, 6)));
  test("descending, nulls last", () =>
    answers(
      labels().order("level", { ascending: false, nullsFirst: false }).order("id", { ascending: false }),
      rows(6, 2, 5, 1, 8, 4, 7, 3),
    ));
  test("by a part of a document", () =>
    answers(api.from("documents").select("id").in("id", [1, 7]).order("doc->n", { ascending: false }), rows(7, 1)));
  // The authors of the books 1 to 5 are 8, 15, 22, 29 and 1.
  test("by a column of another table", async () => {
    const books = (author) => api.from("books").select(`id, ${author}`).lte("id", 5);
    await answers(books("authors!author_id()").order("authors(id)"), rows(5, 1, 2, 3, 4));
    await answers(books("author:authors!author_id(id)").order("author(id)", { ascending: false }).limit(2), [
      { id: 4, author: { id: 29 } },
      { id: 3, author: { id: 22 } },
    ]);
  });
  test("within another table", async () => {
    const books = (options) =>
      api.from("authors").select("books!author_id(id)").eq("id", 1).lt("books.id", 16).order("id", options);
    await answers(books({ referencedTable: "books", ascending: false }), [{ books: rows(15, 10, 5) }]);
    await answers(books({ foreignTable: "books", ascending: true }), [{ books: rows(5, 10, 15) }]);
  });
  test("within another table, nulls as told", async () => {
    const priced = (nullsFirst) =>
      api
        .from("authors")
        .select("books!author_id(id)")
        .eq("id", 1)
        .in("books.id", [50, 55, 60])
        .order("price", { referencedTable: "books", nullsFirst });
    await answers(priced(true), [{ books: rows(55, 60, 50) }]);
    await answers(priced(false), [{ books: rows(60, 50, 55) }]);
  });
  test("by a column that is not there", () =>
    refuses(labels().order("nothing"), 400, { code: "42703", message: "column labels.nothing does not exist" }));
  test("in no direction there is", () =>
    refuses(labels().order("id.sideways"), 400, {
      code: "PGRST100",
      message: '"failed to parse order (id.sideways.asc)" (line 1, column 4)',
      details: 'unexpected "s" expecting "asc", "desc", "nullsfirst" or "nullslast"',
    }));
});

describe("limit and range", () => {
  test("limit", () => answers(labels().order("id").limit(2), rows(1, 2)));
  test("limit to nothing", () => answers(labels().limit(0), []));
  test("a limit below zero is refused", () =>
    refuses(labels().limit(-1), 416, {
      code: "PGRST103",
      message: "Requested range not satisfiable",
      details: "Limit should be greater than or equal to zero.",
    }));
  test("range has both its ends", () => answers(labels().order("id").range(2, 4), rows(3, 4, 5)));
  test("a range behind the end is empty", () => answers(labels().range(20, 30), []));
  test("within another table", async () => {
    const authors = () =>
      api
        .from("authors")
        .select("id, books!author_id(id)")
        .in("id", [1, 22])
        .order("id")
        .order("id", { referencedTable: "books" });
    const two = [
      { id: 1, books: rows(5, 10) },
      { id: 22, books: rows(3, 8) },
    ];
    await answers(authors().limit(2, { referencedTable: "books" }), two);
    await answers(authors().limit(2, { foreignTable: "books" }), two);
    const next = [
      { id: 1, books: rows(10, 15) },
      { id: 22, books: rows(8, 13) },
    ];
    await answers(authors().range(1, 2, { referencedTable: "books" }), next);
    await answers(authors().range(1, 2, { foreignTable: "books" }), next);
  });
});

describe("one row", () => {
  const message = "Cannot coerce the result to a single JSON object";

  test("single", () => answers(labels("*").eq("id", 1).single(), { id: 1, label: "new", level: "mid" }));
  test("single of none and of several is refused", async () => {
    await refuses(labels().eq("id", 0).single(), 406, {
      code: "PGRST116",
      message,
      details: "The result contains 0 rows",
    });
    await refuses(labels().single(), 406, { code: "PGRST116", message, details: "The result contains 8 rows" });
  });
  test("maybeSingle", async () => {
    await answers(labels().eq("id", 1).maybeSingle(), { id: 1 });
    await answers(labels().eq("id", 0).maybeSingle(), null);
  });
  test("maybeSingle of several is refused", () =>
    refuses(labels().maybeSingle(), 406, {
      code: "PGRST116",
      message: "JSON object requested, multiple (or no) rows returned",
      details: "Results contain 8 rows, application/vnd.pgrst.object+json requires 1 row",
    }));
});

describe("other forms", () => {
  test("csv", () =>
    answers(
      labels("id,label,level").in("id", [3, 4, 5, 6]).order("id").csv(),
      'id,label,level\n3,Rare,\n4,"with space",low\n5,"com,ma",mid\n6,"quo""te",high',
    ));
  test("csv without rows", () => answers(labels().eq("id", 0).csv(), "\n"));
  test("geojson needs PostGIS", () =>
    refuses(labels().geojson(), 404, {
      code: "42883",
      message: "function st_asgeojson(record) does not exist",
      hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
    }));
  test("stripNulls", () =>
    answers(labels("*").in("id", [3, 4]).order("id").stripNulls(), [
      { id: 3, label: "Rare" },
      { id: 4, label: "with space", level: "low" },
    ]));
  test("stripNulls reaches into documents", () =>
    answers(api.from("documents").select("doc->s, doc->z, none:doc->nothing, id").eq("id", 1).stripNulls(), [
      { s: "text", id: 1 },
    ]));
  test("stripNulls of one row", async () => {
    await answers(labels("*").eq("id", 3).single().stripNulls(), { id: 3, label: "Rare" });
    await answers(labels("*").eq("id", 3).stripNulls().maybeSingle(), { id: 3, label: "Rare" });
  });
  test("stripNulls and csv do not go together", () =>
    assert.throws(() => labels().csv().stripNulls(), { message: "stripNulls() cannot be used with csv()" }));
  test("returns and overrideTypes change nothing but types", async () => {
    await answers(labels().eq("id", 1).returns(), rows(1));
    await answers(labels().eq("id", 1).overrideTypes(), rows(1));
  });
  test("a form that there is none of", () =>
    refuses(labels().setHeader("Accept", "application/xml"), 406, {
      code: "PGRST107",
      message: "None of these media types are available: application/xml",
    }));
});

describe("explain", () => {
  const one = () => labels().eq("id", 1);
  const inJson = async (options) => (await dataOf(one().explain({ format: "json", ...options })))[0];

  test("as text", async () => {
    const plan = await dataOf(one().explain());
    assert.match(plan, /^Aggregate {2}\(cost=.*\n {2}-> {2}Seq Scan on labels /);
    assert.doesNotMatch(plan, /actual time|Output:|Settings:/);
    assert.equal(await dataOf(one().explain({ format: "text" })), plan);
  });
  test("as json", async () => {
    const plan = await inJson({});
    assert.deepEqual(Object.keys(plan), ["Plan"]);
    assert.equal(plan.Plan["Node Type"], "Aggregate");
    assert.equal(plan.Plan.Plans[0]["Relation Name"], "labels");
  });
  test("analyze runs it", async () => {
    const plan = await inJson({ analyze: true });
    assert.equal(plan.Plan.Plans[0]["Actual Rows"], 1);
    assert.equal(typeof plan["Execution Time"], "number");
    assert.ok(!("WAL Records" in plan.Plan) && !("Output" in plan.Plan));
  });
  test("verbose", async () => assert.deepEqual((await inJson({ verbose: true })).Plan.Plans[0].Schema, "api"));
  test("settings", async () => assert.equal((await inJson({ settings: true })).Settings.search_path, '"api", "extra"'));
  test("buffers", async () => assert.ok("Shared Hit Blocks" in (await inJson({ buffers: true })).Plan));
  test("wal, which needs analyze", async () => {
    assert.equal((await inJson({ analyze: true, wal: true })).Plan["WAL Records"], 0);
    await refuses(one().explain({ wal: true }), 400, {
      code: "22023",
      message: "EXPLAIN option WAL requires ANALYZE",
    });
  });
  test("all of it, as text", async () => {
    const options = { analyze: true, verbose: true, settings: true, buffers: true, wal: true };
    const plan = await dataOf(one().explain(options));
    for (const part of [/actual time=/, /Output: /, /Buffers: shared/, /Settings: .*search_path/]) {
      assert.match(plan, part);
    }
  });
  test("of the form that was asked for", async () => {
    assert.match(await dataOf(one().explain({ verbose: true })), /COALESCE\(json_agg\(/);
    assert.match(await dataOf(one().single().explain({ verbose: true })), /json_agg\(.*\) -> 0/);
    assert.match(await dataOf(one().csv().explain({ verbose: true })), /string_agg\(/);
  });
  test("of a call", async () =>
    assert.match(await dataOf(api.rpc("numbers_to", { n: 3 }).explain()), /Function Scan on json_to_record/));
  test("analyze of a write writes, unless it is rolled back", async () => {
    const scratch = () => api.from("scratch");
    const plan = await dataOf(scratch().insert({ id: 9100 }).explain({ analyze: true, wal: true }).rollback());
    assert.match(plan, /Insert on scratch/);
    await answers(scratch().select("id").eq("id", 9100), []);
    await dataOf(scratch().insert({ id: 9100 }).explain());
    await answers(scratch().select("id").eq("id", 9100), []);
    await dataOf(scratch().insert({ id: 9100 }).explain({ analyze: true }));
    await answers(scratch().delete().eq("id", 9100).select("id"), rows(9100));
  });
});
