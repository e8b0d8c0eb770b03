// The clients of the suite, and what it says of answers: always the whole answer, never a part of it.
import assert from "node:assert/strict";
import { PostgrestClient } from "@supabase/postgrest-js";

const { RELAIS_TEST_URL, RELAIS_TEST_TOKEN, RELAIS_TEST_EXPIRED_TOKEN } = process.env;

export const REST = `${RELAIS_TEST_URL}/rest/v1`;
export const TOKEN = RELAIS_TEST_TOKEN;
export const EXPIRED_TOKEN = RELAIS_TEST_EXPIRED_TOKEN;

// A stranger, and Ann, whose role is `dialect_author`.
export const api = new PostgrestClient(REST);
export const ann = new PostgrestClient(REST, { headers: { Authorization: `Bearer ${TOKEN}` } });

const STATUS_TEXTS = {
  200: "OK",
  201: "Created",
  204: "No Content",
  206: "Partial Content",
  300: "Multiple Choices",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  416: "Requested Range Not Satisfiable",
  500: "Internal Server Error",
};

/** The query succeeds, with exactly this data. */
export async function answers(query, data, { status = 200, count = null } = {}) {
  const expected = { success: true, error: null, data, count, status, statusText: STATUS_TEXTS[status] };
  assert.deepEqual(await query, expected);
}

/** The query succeeds with rows that have these ids, and nothing but an id. */
export async function finds(query, ids) {
  await answers(
    query.order("id"),
    ids.map((id) => ({ id })),
  );
}

/** The query is refused, with exactly this error: what is not named is null. */
export async function refuses(query, status, { code, message, details = null, hint = null }) {
  const error = { code, details, hint, message };
  const expected = { success: false, error, data: null, count: null, status, statusText: STATUS_TEXTS[status] };
  assert.deepEqual(await query, expected);
}

/** What the query is answered with when it succeeds, for those who look at a part of it. */
export async function dataOf(query) {
  const { data, error, status } = await query;
  assert.deepEqual({ error, status }, { error: null, status: 200 });
  return data;
}

/** Remember what is sent: a fetch for the client, and the requests that went through it. */
export function recording() {
  const requests = [];
  const fetch = (url, init) => {
    requests.push({ url: new URL(url), ...init });
    return globalThis.fetch(url, init);
  };
  return { fetch, requests };
}
