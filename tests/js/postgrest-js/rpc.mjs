// Calls of functions: how arguments go in, how results come out, what is refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PostgrestClient } from "@supabase/postgrest-js";
import { REST, TOKEN, ann, answers, api, dataOf, finds, recording, refuses } from "./support.mjs";

const NOTHING = { status: 204 };

/** What a call answers, and the method that it was sent with. */
async function sentAs(method, call) {
  const { fetch, requests } = recording();
  const answer = await call(new PostgrestClient(REST, { fetch }));
  assert.deepEqual(
    requests.map((request) => request.method),
    [method],
  );
  return answer;
}

describe("arguments", () => {
  test("by name, the rest by default", async () => {
    await answers(api.rpc("add", { a: 1, b: 2 }), 3);
    await answers(api.rpc("add", { a: 1 }), 11);
    await answers(api.rpc("over"), "nothing");
  });
  test("their names choose the function", async () => {
    await answers(api.rpc("over", { a: 1 }), "a");
    await answers(api.rpc("over", { a: 1, b: 2 }), "a, b");
    await answers(api.rpc("over", { x: "y" }), "x y");
  });
  test("get", () => sentAs("GET", (client) => answers(client.rpc("add", { a: 1, b: 2 }, { get: true }), 3)));
  test("get, with a list, and without what is undefined", async () => {
    await answers(api.rpc("many_defaults", { d: [7, 8], b: undefined }, { get: true }), "1|two|2003-03-03|{7,8}");
    await answers(api.rpc("many_defaults", { d: [7, 8], b: undefined }), "1|two|2003-03-03|{7,8}");
  });
  test("head", () => sentAs("HEAD", (client) => answers(client.rpc("add", { a: 1 }, { head: true }), null)));
  test("head with what does not fit into a URL is a post", () =>
    sentAs("POST", (client) => answers(client.rpc("kinds", { doc: { a: [1] } }, { head: true }), { doc: { a: [1] } })));
  test("every kind of value", async () => {
    const given = {
      flag: false,
      num: 1.5,
      big: 9007199254740993n,
      real: undefined,
      day: "2024-02-29",
      range: "[1,5)",
      mood: "so so",
      home: { street: "S", city: null, zip: 1 },
      mail: "a@b",
      doc: { a: [null] },
      docb: [1],
      list: ["a,b", '"'],
      homes: [{ street: "T", city: "C", zip: null }],
      fixed: "abc",
      flags: "1010",
      bytes: "\\x00ff",
      small: 5,
    };
    const data = await dataOf(api.rpc("kinds", given));
    assert.equal(data.big, Number(given.big));
    delete data.big;
    assert.deepEqual(data, {
      flag: false,
      num: 1.5,
      day: "2024-02-29",
      range: "[1,5)",
      mood: "so so",
      home: { street: "S", zip: 1 },
      mail: "a@b",
      doc: { a: [null] },
      docb: [1],
      list: ["a,b", '"'],
      homes: [{ street: "T", city: "C" }],
      fixed: "abc",
      flags: "1010",
      bytes: "\\x00ff",
      small: 5,
    });
  });
  test("any number of them", () => answers(api.rpc("join_all", { v: ["a", "b", null] }), "a+b+?"));
  test("a document as the only argument", () =>
    answers(api.rpc("unnamed_json", { any: [1, { x: null }] }), { any: [1, { x: null }] }));
  test("odd names", () => answers(api.rpc("Odd Function", { "Some Arg": "x", "other-arg": 5 }), "x5"));
});

describe("results", () => {
  test("nothing", async () => {
    await answers(api.rpc("nothing"), null, NOTHING);
    await answers(api.rpc("nothing", {}, { get: true }), null, NOTHING);
  });
  test("null", () => answers(api.rpc("null_int"), null));
  test("values", async () => {
    await answers(api.rpc("an_array"), [1, 2, null]);
    await answers(api.rpc("a_json"), { b: 2, a: [1, { x: null }] });
    await answers(api.rpc("plain_text"), "just text, ünïcödé");
    await answers(api.rpc("floats"), ["NaN", "Infinity", 0, 1e300, 0.1]);
  });
  test("several values", () => answers(api.rpc("words"), ["a", "b,c", null, '"']));
  test("a row and rows", async () => {
    await answers(api.rpc("an_address"), { street: "Elm St 1", city: "Bonn", zip: 5 });
    await answers(api.rpc("addresses"), [
      { street: "Elm St 1", city: "Bonn", zip: 5 },
      { street: 'Oak, "St"', city: null, zip: null },
    ]);
  });
  test("out arguments", async () => {
    await answers(api.rpc("single_out", { a: 2 }), { doubled: 4 });
    await answers(api.rpc("two_out", { a: 2 }), { x: 2, "Y y": "y2" });
    await answers(api.rpc("in_out", { a: 2 }), { a: 3, b: "b!" });
  });
});

describe("results as tables", () => {
  const table = (n) => api.rpc("a_table", { n });
  const row = (x, y) => ({ x, y, z: { i: x } });

  test("filter, order, limit", async () => {
    await answers(table(3).eq("x", 2), [row(2, "b")]);
    await answers(table(5).gt("x", 1).order("x", { ascending: false }).limit(2), [row(5, "e"), row(4, "d")]);
  });
  test("filter, when it is called with get", () =>
    answers(api.rpc("a_table", { n: 4 }, { get: true }).or("x.eq.1,y.eq.d").order("x"), [row(1, "a"), row(4, "d")]));
  test("select", () => answers(table(1).select("name:y, z->i"), [{ name: "a", i: 1 }]));
  test("select from other tables", () =>
    answers(api.rpc("one_book", { n: 5 }).select("id, authors!author_id(name)").single(), {
      id: 5,
      authors: { name: "Bo" },
    }));
  test("filter by what is not selected", () =>
    finds(api.rpc("some_books", { above: 95 }).select("id").gt("price", 98), [27, 54, 127]));
  test("count", async () => {
    await answers(api.rpc("numbers_to", { n: 3 }, { count: "exact" }), [1, 2, 3], { count: 3 });
    await answers(api.rpc("numbers_to", { n: 3 }, { head: true, count: "exact" }), null, { count: 3 });
    await answers(api.rpc("numbers_to", { n: 3 }, { get: true, count: "estimated" }), [1, 2, 3], { count: 3 });
    await answers(api.rpc("numbers_to", { n: 3 }, { count: "planned" }), [1, 2, 3], { count: NaN });
    await answers(api.rpc("kinds", { doc: { a: 1 } }, { head: true, count: "exact" }), { doc: { a: 1 } }, { count: 1 });
  });
  test("range and count", () =>
    answers(api.rpc("numbers_to", { n: 5 }, { get: true, count: "exact" }).range(1, 2), [2, 3], {
      status: 206,
      count: 5,
    }));
  test("single and maybeSingle", async () => {
    await answers(table(3).eq("x", 1).single(), row(1, "a"));
    await refuses(table(3).single(), 406, {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: "The result contains 3 rows",
    });
    await answers(table(3).eq("x", 9).maybeSingle(), null);
    await answers(api.rpc("add", { a: 1 }).single(), 11);
  });
  test("csv, and without nulls", async () => {
    await answers(table(2).csv(), 'x,y,z\n1,a,"{""i"": 1}"\n2,b,"{""i"": 2}"');
    await answers(api.rpc("addresses").stripNulls(), [
      { street: "Elm St 1", city: "Bonn", zip: 5 },
      { street: 'Oak, "St"' },
    ]);
  });
});

describe("writing", () => {
  test("stays, unless it is rolled back", async () => {
    const found = () => api.from("labels").select("id").gt("id", 9000);
    const written = { id: 9100, label: "mine", level: null };
    await answers(api.rpc("write_label", { label: "mine", n: 9100 }).rollback(), written);
    await finds(found(), []);
    await answers(api.rpc("write_label", { label: "mine", n: 9100 }), written);
    await finds(api.from("labels").delete().eq("id", 9100).select("id"), [9100]);
  });
  test("not with get", () =>
    refuses(api.rpc("write_label", { label: "mine", n: 9100 }, { get: true }), 405, {
      code: "25006",
      message: "cannot execute INSERT in a read-only transaction",
    }));
});

describe("the caller", () => {
  test("the role, the token and the headers are known to functions", async () => {
    assert.equal((await dataOf(api.rpc("whoami"))).role, "dialect_anon");
    assert.equal((await dataOf(ann.rpc("whoami", {}, { get: true }))).role, "dialect_author");
    await answers(ann.rpc("claims"), { role: "dialect_author", sub: "ann", exp: 4000000000 });
    await answers(api.rpc("claims").setHeader("Authorization", `Bearer ${TOKEN}`), {
      role: "dialect_author",
      sub: "ann",
      exp: 4000000000,
    });
    await answers(api.rpc("claims"), { role: "dialect_anon" });
    await answers(api.rpc("header", { name: "x-mine" }).setHeader("X-Mine", "yes"), "yes");
  });
  test("the method and the path, too", async () => {
    const asked = async (options) =>
      (({ method, path }) => [method, path])(await dataOf(api.rpc("whoami", {}, options)));
    assert.deepEqual(await asked({}), ["POST", "/rpc/whoami"]);
    assert.deepEqual(await asked({ get: true }), ["GET", "/rpc/whoami"]);
  });
  test("who may not call", async () => {
    const error = { code: "42501", message: "permission denied for function admin_only" };
    await refuses(api.rpc("admin_only"), 401, error);
    await refuses(ann.rpc("admin_only"), 403, error);
  });
});

describe("a function is refused", () => {
  const searched = (what) =>
    `Searched for the function api.${what} or with a single unnamed json/jsonb parameter, ` +
    "but no matches were found in the schema cache.";

  test("that is not there", () =>
    refuses(api.rpc("a_tabl"), 404, {
      code: "PGRST202",
      message: "Could not find the function api.a_tabl without parameters in the schema cache",
      details: searched("a_tabl without parameters"),
      hint: "Perhaps you meant to call the function api.a_table",
    }));
  test("that takes other arguments", () =>
    refuses(api.rpc("add", { a: 1, c: 2 }), 404, {
      code: "PGRST202",
      message: "Could not find the function api.add(a, c) in the schema cache",
      details: searched("add with parameters a, c"),
      hint: "Perhaps you meant to call the function api.add(a, b)",
    }));
  test("that there are two of", () =>
    refuses(api.rpc("clash", { a: 1 }), 300, {
      code: "PGRST203",
      message: "Could not choose the best candidate function between: api.clash(a => integer), api.clash(a => text)",
      hint: "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    }));
  test("when an argument has no room in its type", () =>
    refuses(api.rpc("add", { a: "x" }), 400, {
      code: "22P02",
      message: 'invalid input syntax for type integer: "x"',
    }));
});

describe("errors that functions raise", () => {
  test("of PostgreSQL", () =>
    refuses(api.rpc("divide", { a: 1 }), 400, { code: "22012", message: "division by zero" }));
  test("in plain words", () =>
    refuses(api.rpc("raise_plain", { message: "no" }), 400, { code: "P0001", message: "no" }));
  test("with everything", () =>
    refuses(api.rpc("raise_full", { code: "P0001", message: "m", detail: "d", hint: "h" }), 400, {
      code: "P0001",
      message: "m",
      details: "d",
      hint: "h",
    }));
  test("with a status", async () => {
    const { error, status } = await api.rpc("raise_full", { code: "PT418", message: "I am a teapot" });
    assert.deepEqual(error, { code: "PT418", message: "I am a teapot", details: "d", hint: "h" });
    assert.equal(status, 418);
  });
  test("with a body and a status of their own", async () => {
    const { error, status } = await api.rpc("raise_pgrst", {
      message: '{"code":"E7","message":"m","details":"d","hint":"h"}',
      detail: '{"status":460,"headers":{"X-Reason":"stock"}}',
    });
    assert.deepEqual(error, { code: "E7", message: "m", details: "d", hint: "h" });
    assert.equal(status, 460);
  });
  test("a status without an error", async () => {
    const { data, error, status } = await api.rpc("say_status", { status: "299" });
    assert.deepEqual({ data, error, status }, { data: [1, 2, 3], error: null, status: 299 });
  });
});
