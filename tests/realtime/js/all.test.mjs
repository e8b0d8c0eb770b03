// The official client, unmodified, against a Relais of its own: each file beside this one is a theme.
//
// `tests/realtime/test_socket_io_client.py` starts what they run against, and says where that is and by which
// transports they connect.
import { readdir } from "node:fs/promises";

for (const name of (await readdir(import.meta.dirname)).sort()) {
  if (name.endsWith(".mjs") && !["all.test.mjs", "support.mjs"].includes(name)) await import(`./${name}`);
}
