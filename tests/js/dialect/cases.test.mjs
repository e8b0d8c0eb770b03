// The shared cases of `tests/dialect/cases`, asked with nothing but fetch. What they mean is told in `case_files.py`.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

const REST = `${process.env.RELAIS_TEST_URL}/rest/v1`;
const CASES = new URL("../../dialect/cases/", import.meta.url);

for (const file of readdirSync(CASES).filter((name) => name.endsWith(".json"))) {
  describe(file, () => {
    for (const { name, request, response } of JSON.parse(readFileSync(new URL(file, CASES), "utf8"))) {
      test(name, () => check(request, response));
    }
  });
}

async function check({ method, path, headers = {}, body }, expected) {
  // Bytes, because fetch would call a string plain text.
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const answer = await fetch(REST + path, { method, headers, body: bytes, redirect: "manual" });
  const text = await answer.text();
  assert.equal(answer.status, expected.status, text);
  for (const [name, value] of Object.entries(expected.headers)) {
    assert.equal(answer.headers.get(name), value, name);
  }
  if (!("body" in expected)) return;
  if (isText(expected.body)) assert.equal(text, expected.body.text);
  else assert.deepEqual(JSON.parse(text), expected.body);
}

function isText(body) {
  return body !== null && typeof body === "object" && Object.keys(body).join() === "text";
}
