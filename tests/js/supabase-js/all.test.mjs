// The official client, unmodified, against a Relais of its own: signing in, administering users, querying.
//
// Each file beside this one is a theme. `tests/accounts/test_supabase_js.py` starts what they run against, and says
// where that is: `RELAIS_TEST_URL`, the keys, a mailbox.
import { readdir } from "node:fs/promises";

for (const name of (await readdir(import.meta.dirname)).sort()) {
  if (name.endsWith(".mjs") && !["all.test.mjs", "support.mjs"].includes(name)) await import(`./${name}`);
}
