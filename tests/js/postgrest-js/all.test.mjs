// The official client, unmodified, against Relais on the awkward database: every method it has.
//
// Each file beside this one is a theme. They run in one process, so that the last test can ask what was never called.
// `RELAIS_TEST_URL` says where Relais answers; `tests/dialect/test_postgrest_js.py` starts it and runs this.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { methodsOf, neverCalled } from "./calls.mjs";

const NO_THEMES = ["all.test.mjs", "calls.mjs", "support.mjs"];

const { PostgrestClient, PostgrestError, PostgrestFilterBuilder, PostgrestQueryBuilder, PostgrestTransformBuilder } =
  await import("@supabase/postgrest-js");

for (const name of (await readdir(import.meta.dirname)).sort()) {
  if (name.endsWith(".mjs") && !NO_THEMES.includes(name)) await import(`./${name}`);
}

test("every method of the client is called by some test", async () => {
  const filters = methodsOf(PostgrestFilterBuilder);
  const transforms = methodsOf(PostgrestTransformBuilder);
  assert.ok(filters.length > transforms.length && transforms.length > 15);
  // A filter builder has every method of a transform builder, and of what that is built on.
  assert.deepEqual(
    transforms.filter((name) => !filters.includes(name)),
    [],
  );
  const types = [PostgrestFilterBuilder, PostgrestQueryBuilder, PostgrestClient, PostgrestError];
  assert.deepEqual(await neverCalled(types), []);
});
