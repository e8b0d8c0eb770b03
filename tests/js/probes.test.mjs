// What the existing frontend does before it chooses its backend: three addresses, two seconds each.
import assert from "node:assert/strict";
import { test } from "node:test";

const API = process.env.API_URL;
const ORIGIN = "http://localhost:5173";

for (const path of ["/api/health", "/health", "/api"]) {
  test(`${path} says that the backend is there`, async () => {
    const answer = await fetch(API + path, { headers: { Origin: ORIGIN }, signal: AbortSignal.timeout(2000) });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), ORIGIN);
    assert.match(answer.headers.get("content-type"), /^application\/json/);
    assert.equal(typeof (await answer.json()), "object");
  });
}

test("an error carries the text where the client reads it", async () => {
  const answer = await fetch(`${API}/api/nothing`, { headers: { Origin: ORIGIN } });
  assert.equal(answer.status, 404);
  const body = await answer.json();
  assert.deepEqual(Object.keys(body).sort(), ["code", "details", "error", "hint", "message", "path"]);
  assert.equal(body.message, "Route non trouvée");
});
