// Queries with the session that somebody signed in to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { client, member, service, succeeds } from "./support.mjs";

const resource = (title, visibility) => ({
  title,
  visibility,
  description: "Ce que la suite a écrit.",
  resource_type: "external_link",
  external_url: "https://example.org/",
});

test("what is private is seen by whoever wrote it, and by nobody else", async () => {
  const { supabase, user } = await member();
  const mine = resource("À moi seule", "private");
  const [made] = await succeeds(supabase.from("resources").insert({ ...mine, user_id: user.id }).select("id, title"));
  assert.equal(made.title, mine.title);
  const rows = async (one) => await succeeds(one.from("resources").select("id").eq("id", made.id));
  assert.deepEqual(await rows(supabase), [{ id: made.id }]);
  const { supabase: other } = await member();
  assert.deepEqual(await rows(other), []);
  assert.deepEqual(await rows(client()), []);
  assert.deepEqual(await rows(service()), [{ id: made.id }]);
});

test("what is public is seen without signing in", async () => {
  const { supabase, user } = await member();
  const ours = { ...resource("À tout le monde", "public"), user_id: user.id };
  const [made] = await succeeds(supabase.from("resources").insert(ours).select("id, profiles(id)"));
  assert.deepEqual(made.profiles, { id: user.id });
  assert.deepEqual(await succeeds(client().from("resources").select("title").eq("id", made.id)), [{ title: ours.title }]);
});

test("a session that has been signed out of queries no more", async () => {
  const { supabase, session } = await member();
  const kept = client({}, session.access_token);
  await succeeds(kept.from("resources").select("id").limit(1));
  await succeeds(supabase.auth.signOut());
  const { error, status } = await kept.from("resources").select("id").limit(1);
  assert.deepEqual([status, error.code], [401, "SESSION_ENDED"]);
  // The client itself goes on as nobody.
  await succeeds(supabase.from("resources").select("id").limit(1));
});

test("a session that is renewed queries on", async () => {
  const { supabase, user } = await member();
  await succeeds(supabase.auth.refreshSession());
  const rows = await succeeds(supabase.from("profiles").select("id").eq("id", user.id));
  assert.deepEqual(rows, [{ id: user.id }]);
});
