// The client itself: schemas, tokens, headers, what it does when a request fails, and the description of the API.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PostgrestClient, PostgrestError } from "@supabase/postgrest-js";
import { EXPIRED_TOKEN, REST, TOKEN, ann, answers, api, finds, recording, refuses } from "./support.mjs";

const OTHER = new PostgrestClient(REST, { schema: "api2" });
const NO_SCHEMA = {
  code: "PGRST106",
  message: "Invalid schema: nowhere",
  hint: "Only the following schemas are exposed: api, api2",
};
const ABORTED = "Request was aborted (timeout or manual cancellation)";
// A query is no promise, though it can be awaited like one.
const throws = (query, error) => assert.rejects(async () => await query, error);
const expired = (client) => client.setHeader("Authorization", `Bearer ${EXPIRED_TOKEN}`);

describe("schemas", () => {
  const pseudonyms = [
    { id: 1, pseudonym: "Nom de plume" },
    { id: 2, pseudonym: "Anon." },
  ];

  test("of one request", () => answers(api.schema("api2").from("authors").select().order("id"), pseudonyms));
  test("of the client", () => answers(OTHER.from("authors").select().order("id"), pseudonyms));
  test("the first one, unless another is named", () =>
    answers(OTHER.schema("api").from("authors").select("name").eq("id", 1), [{ name: "Bo" }]));
  test("head", () => answers(OTHER.from("authors").select("*", { head: true, count: "exact" }), null, { count: 2 }));
  test("functions", async () => {
    await answers(api.rpc("add", { a: 5, b: 3 }), 8);
    await answers(OTHER.rpc("add", { a: 5, b: 3 }), 2);
    await answers(OTHER.rpc("add", { a: 5, b: 3 }, { get: true }), 2);
  });
  test("writes", async () => {
    const mine = { id: 9100, pseudonym: "mine" };
    await answers(OTHER.from("authors").insert(mine), null, { status: 201 });
    await answers(OTHER.from("authors").update({ pseudonym: "new" }).eq("id", 9100), null, { status: 204 });
    await answers(OTHER.from("authors").upsert(mine).select(), [mine]);
    await answers(OTHER.from("authors").delete().eq("id", 9100).select("id"), [{ id: 9100 }]);
  });
  test("what is in one is not in the other", () =>
    refuses(OTHER.from("labels").select(), 404, {
      code: "PGRST205",
      message: "Could not find the table 'api2.labels' in the schema cache",
    }));
  test("one that is not exposed", async () => {
    await refuses(api.schema("nowhere").from("authors").select(), 406, NO_SCHEMA);
    await refuses(api.schema("nowhere").from("authors").insert({ id: 9100 }), 406, NO_SCHEMA);
    await refuses(api.schema("nowhere").rpc("add", { a: 1 }), 406, NO_SCHEMA);
  });
  test("the client wants a table", () =>
    assert.throws(() => api.from(" "), { message: "Invalid relation name: relation must be a non-empty string." }));
});

describe("tokens and headers", () => {
  test("an expired token", () =>
    refuses(expired(api.from("labels").select()), 401, { code: "PGRST303", message: "JWT expired" }));
  test("a token that was changed", () =>
    refuses(
      api
        .from("labels")
        .select()
        .setHeader("Authorization", `Bearer ${TOKEN.slice(0, -4)}AAAA`),
      401,
      {
        code: "PGRST301",
        message: "No suitable key or wrong key type",
        details: "None of the keys was able to decode the JWT",
      },
    ));
  test("a header of one request is not one of the next", async () => {
    const secrets = () => api.from("secrets").select("id");
    await finds(secrets().setHeader("Authorization", `Bearer ${TOKEN}`), [1, 2, 4]);
    await finds(secrets(), [2, 4]);
  });
  test("a header with a preference", () =>
    answers(api.rpc("setting", { name: "timezone" }).setHeader("Prefer", "timezone=Asia/Tokyo"), "Asia/Tokyo"));
  test("a header with a range", () =>
    answers(api.from("labels").select("id").order("id").setHeader("Range", "2-3"), [{ id: 3 }, { id: 4 }]));
});

describe("errors that are thrown", () => {
  const refused = { code: "42703", message: "column labels.nothing does not exist", details: null, hint: null };

  test("throwOnError of what the server refuses", async () => {
    const thrown = await api
      .from("labels")
      .select("nothing")
      .throwOnError()
      .then(assert.fail, (error) => error);
    assert.ok(thrown instanceof PostgrestError && thrown instanceof Error);
    assert.deepEqual(thrown.toJSON(), { name: "PostgrestError", ...refused });
    assert.deepEqual(JSON.parse(JSON.stringify(thrown)), { name: "PostgrestError", ...refused });
  });
  test("throwOnError of writes and calls", async () => {
    await throws(api.from("labels").insert({ id: 1, label: "x" }).throwOnError(), { code: "23505" });
    await throws(api.rpc("divide", { a: 1 }).throwOnError(), { code: "22012" });
  });
  test("throwOnError of what goes well", () =>
    answers(api.from("labels").select("id").eq("id", 1).throwOnError(), [{ id: 1 }]));
  test("throwOnError of several rows where at most one was expected", () =>
    throws(api.from("labels").select().maybeSingle().throwOnError(), {
      name: "PostgrestError",
      code: "PGRST116",
      details: "Results contain 8 rows, application/vnd.pgrst.object+json requires 1 row",
    }));
  test("an answer that is no json is an error with its text", async () => {
    const { data, error, status } = await api.rpc("a_page").setHeader("Accept", "text/html");
    assert.deepEqual({ data, error, status }, { data: null, error: { message: "<h1>T</h1>" }, status: 200 });
  });
});

describe("requests that are given up", () => {
  const givenUp = ({ status, statusText, data, count, error: { message, hint, code } }) => ({
    status,
    statusText,
    data,
    count,
    message,
    hint,
    code,
  });
  const expected = {
    status: 0,
    statusText: "",
    data: null,
    count: null,
    code: "",
    hint: ABORTED,
    message: "AbortError: This operation was aborted",
  };

  test("abortSignal, before", async () => {
    const signal = AbortSignal.abort();
    assert.deepEqual(givenUp(await api.from("labels").select().abortSignal(signal)), expected);
    await throws(api.from("labels").select().abortSignal(signal).throwOnError(), { name: "AbortError" });
  });
  test("abortSignal, on the way, and the server goes on", async () => {
    const controller = new AbortController();
    const fetch = (url, init) => {
      const answer = globalThis.fetch(url, init);
      setImmediate(() => controller.abort());
      return answer;
    };
    const client = new PostgrestClient(REST, { fetch });
    const call = client.rpc("numbers_to", { n: 300000 }).abortSignal(controller.signal);
    assert.deepEqual(givenUp(await call), expected);
    await answers(api.rpc("add", { a: 1 }), 11);
  });
  test("abortSignal that says nothing", () =>
    answers(api.from("labels").select("id").eq("id", 1).abortSignal(new AbortController().signal), [{ id: 1 }]));
  test("a time-out of the client", async () => {
    const client = new PostgrestClient(REST, { timeout: 1 });
    assert.deepEqual(givenUp(await client.rpc("numbers_to", { n: 300000 })), expected);
    await answers(new PostgrestClient(REST, { timeout: 60000 }).rpc("add", { a: 1 }), 11);
  });
  test("of long URLs the client says how long they are", async () => {
    const client = new PostgrestClient(REST, { urlLengthLimit: 10 });
    const { error } = await client.from("labels").select().abortSignal(AbortSignal.abort());
    assert.match(error.hint, /Your request URL is \d+ characters/);
    const unlimited = client.from("labels", { urlLengthLimit: 1000 }).select().abortSignal(AbortSignal.abort());
    assert.equal((await unlimited).error.hint, ABORTED);
  });
});

describe("what is sent again", () => {
  /** The first answer is that the server is busy; everything after that is the server's own. */
  function busyOnce() {
    const { fetch, requests } = recording();
    const busy = () => new Response('{"message":"busy"}', { status: 503, headers: { "Retry-After": "0" } });
    let asked = 0;
    return { requests, fetch: (url, init) => (asked++ ? fetch(url, init) : Promise.resolve(busy())) };
  }
  const header = (client) => client.rpc("header", { name: "x-retry-count" }, { get: true });

  test("reads, and functions see that they are", async () => {
    await answers(header(new PostgrestClient(REST, { fetch: busyOnce().fetch })), "1");
    await answers(header(new PostgrestClient(REST, { fetch: busyOnce().fetch, retry: false })).retry(true), "1");
    await answers(header(api), null);
  });
  test("not if they must not be", async () => {
    const { fetch, requests } = busyOnce();
    const { status, error } = await header(new PostgrestClient(REST, { fetch })).retry(false);
    assert.deepEqual([status, error, requests.length], [503, { message: "busy" }, 0]);
    const client = new PostgrestClient(REST, { fetch: busyOnce().fetch, retry: true });
    assert.equal((await client.from("labels", { retry: false }).select()).status, 503);
  });
  test("not writes", async () => {
    const { fetch, requests } = busyOnce();
    const { status } = await new PostgrestClient(REST, { fetch }).from("labels").insert({ id: 9100, label: "x" });
    assert.deepEqual([status, requests.length], [503, 0]);
  });
});

describe("how the client sends", () => {
  test("its headers and its fetch, and those of one table", async () => {
    const [ours, theirs] = [recording(), recording()];
    const client = new PostgrestClient(REST, { fetch: ours.fetch, headers: { "X-Mine": "always" } });
    await answers(client.rpc("header", { name: "x-mine" }), "always");
    await finds(client.from("labels", { fetch: theirs.fetch }).select("id").eq("id", 1), [1]);
    assert.deepEqual([ours.requests.length, theirs.requests.length], [1, 1]);
    assert.equal(theirs.requests[0].headers["x-mine"], "always");
  });
  test("its fetch may be wrapped", async () => {
    const wrapFetch = (fetch) => (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, "X-Mine": "wrapped" } });
    const client = new PostgrestClient(REST, { wrapFetch });
    await answers(client.rpc("header", { name: "x-mine" }), "wrapped");
    await answers(client.schema("api").rpc("header", { name: "x-mine" }), "wrapped");
  });
  test("one table can be asked several times", async () => {
    const labels = api.from("labels");
    await finds(labels.select("id").eq("id", 1), [1]);
    await finds(labels.select("id").eq("id", 2), [2]);
    await finds(labels.update({ level: "low" }).eq("id", 3).select("id").rollback(), [3]);
  });
});

describe("getOpenApiSpec", () => {
  const paths = async (client) => {
    const { data, error, status, success } = await client.getOpenApiSpec();
    assert.deepEqual([error, status, success, data.swagger], [null, 200, true, "2.0"]);
    return Object.keys(data.paths).sort();
  };

  test("of the first schema, and of another", async () => {
    const found = await paths(api);
    for (const path of ["/", "/labels", "/book_list", "/rpc/add"]) assert.ok(found.includes(path), path);
    assert.deepEqual(await paths(OTHER), [
      "/",
      "/api_books",
      "/authors",
      "/rpc/add",
      "/rpc/only_here",
      "/rpc/pseudonyms",
      "/things",
    ]);
  });
  test("of what the caller may use", async () => {
    assert.ok(!(await paths(ann)).includes("/rpc/admin_only"));
    assert.ok(!(await paths(api)).includes("/locked"));
  });
  test("of a schema that is not exposed", async () => {
    const { error, ...rest } = await api.schema("nowhere").getOpenApiSpec();
    assert.deepEqual(rest, { success: false, data: null, count: null, status: 406, statusText: "Not Acceptable" });
    assert.deepEqual(error.toJSON(), { name: "PostgrestError", ...NO_SCHEMA, details: "" });
  });
  test("with an expired token", async () => {
    const client = new PostgrestClient(REST, { headers: { Authorization: `Bearer ${EXPIRED_TOKEN}` } });
    const { error, status } = await client.getOpenApiSpec();
    assert.deepEqual([status, error.code, error.message], [401, "PGRST303", "JWT expired"]);
  });
});
