// Signing up, in and out; sessions that are renewed, taken over and ended.
import assert from "node:assert/strict";
import { test } from "node:test";
import { again, ANON_KEY, API, client, member, memory, PASSWORD, refuses, someEmail, succeeds } from "./support.mjs";

test("signing up signs in", async () => {
  const { supabase, email, user, session } = await member();
  assert.equal(user.email, email);
  assert.equal(session.user.id, user.id);
  assert.equal(session.token_type, "bearer");
  assert.ok(session.expires_at > Date.now() / 1000);
  const kept = await succeeds(supabase.auth.getSession());
  assert.equal(kept.session.access_token, session.access_token);
  const found = await succeeds(supabase.auth.getUser());
  assert.equal(found.user.id, user.id);
  assert.equal(found.user.identities[0].provider, "email");
});

test("what somebody says of themselves comes back", async () => {
  const email = someEmail();
  const options = { data: { full_name: "Léa Martin", plan: { seats: 3 } }, emailRedirectTo: "http://localhost:5173/x" };
  const { user } = await succeeds(client().auth.signUp({ email, password: PASSWORD, options }));
  assert.deepEqual(user.user_metadata, options.data);
  assert.deepEqual(user.app_metadata, { provider: "email", providers: ["email"] });
});

test("signing up is refused where it cannot be done", async () => {
  const { email } = await member();
  const { auth } = client();
  await refuses(auth.signUp({ email, password: PASSWORD }), 422, "user_already_exists");
  const weak = await refuses(
    auth.signUp({ email: someEmail(), password: "faible" }),
    422,
    "weak_password",
    "AuthWeakPasswordError",
  );
  assert.ok(weak.reasons.length > 2);
  await refuses(auth.signUp({ email: "none", password: PASSWORD }), 400, "validation_failed");
  await refuses(auth.signUp({ phone: "+33600000000", password: PASSWORD }), 400, "phone_provider_disabled");
  await refuses(auth.signInAnonymously(), 422, "anonymous_provider_disabled");
  await refuses(auth.signInWithOtp({ email }), 422, "otp_disabled");
});

test("signing in takes the right password", async () => {
  const { email, user } = await member();
  const { auth } = client();
  const wrong = await refuses(auth.signInWithPassword({ email, password: "Faux-Mot-1" }), 400, "invalid_credentials");
  const unknown = await refuses(
    auth.signInWithPassword({ email: someEmail(), password: "Faux-Mot-1" }),
    400,
    "invalid_credentials",
  );
  assert.equal(wrong.message, unknown.message);
  assert.equal((await auth.getSession()).data.session, null);
  const data = await succeeds(auth.signInWithPassword({ email, password: PASSWORD }));
  assert.equal(data.user.id, user.id);
});

test("a key that is no token does as well where nobody has to have signed in", async () => {
  const { email } = await member();
  const { auth } = client({}, "any-text");
  await succeeds(auth.signInWithPassword({ email, password: PASSWORD }));
  await succeeds(auth.getUser());
});

test("who is asked is told what happens", async () => {
  const { email } = await member();
  const supabase = client();
  const heard = [];
  const { data } = supabase.auth.onAuthStateChange((event, session) => heard.push([event, session?.user.email]));
  await succeeds(supabase.auth.signInWithPassword({ email, password: PASSWORD }));
  await succeeds(supabase.auth.refreshSession());
  await succeeds(supabase.auth.updateUser({ data: { theme: "sombre" } }));
  await succeeds(supabase.auth.signOut());
  data.subscription.unsubscribe();
  assert.deepEqual(heard, [
    ["INITIAL_SESSION", undefined],
    ["SIGNED_IN", email],
    ["TOKEN_REFRESHED", email],
    ["USER_UPDATED", email],
    ["SIGNED_OUT", undefined],
  ]);
});

test("a session is renewed", async () => {
  const { supabase, session } = await member();
  const renewed = await succeeds(supabase.auth.refreshSession());
  assert.notEqual(renewed.session.refresh_token, session.refresh_token);
  assert.equal((await succeeds(supabase.auth.getUser())).user.id, session.user.id);
  await refuses(
    client().auth.refreshSession({ refresh_token: "nonsense" }),
    400,
    "refresh_token_not_found",
  );
});

test("many who renew one session at once all go on", async () => {
  const { session } = await member();
  const tabs = Array.from({ length: 8 }, () => client());
  const { refresh_token } = session;
  const answers = await Promise.all(tabs.map(({ auth }) => succeeds(auth.refreshSession({ refresh_token }))));
  assert.equal(new Set(answers.map((data) => data.session.refresh_token)).size, 1);
  for (const { auth } of tabs) await succeeds(auth.getUser());
});

test("a session that is about to expire is renewed by the client itself", async () => {
  const storage = memory();
  const { supabase, session } = await member({ storage });
  const [[key, kept]] = [...storage.items].filter(([name]) => name.endsWith("-auth-token"));
  storage.setItem(key, JSON.stringify({ ...JSON.parse(kept), expires_at: Math.floor(Date.now() / 1000) + 60 }));
  const renewed = new Promise((resolve) => {
    supabase.auth.onAuthStateChange((event, now) => event === "TOKEN_REFRESHED" && resolve(now));
  });
  await supabase.auth.startAutoRefresh();
  const now = await renewed;
  await supabase.auth.stopAutoRefresh();
  assert.equal(now.user.id, session.user.id);
  assert.notEqual(now.refresh_token, session.refresh_token);
});

test("a session is taken over by another client", async () => {
  const { session } = await member();
  const { auth } = client();
  const data = await succeeds(auth.setSession(session));
  assert.equal(data.user.id, session.user.id);
  assert.equal((await succeeds(auth.getUser())).user.id, session.user.id);
  const expired = [session.access_token.split(".")[0], btoa(JSON.stringify({ exp: 1 })).replace(/=+$/, ""), "AAAA"].join(".");
  const other = client();
  const taken = await succeeds(other.auth.setSession({ access_token: expired, refresh_token: session.refresh_token }));
  assert.equal(taken.user.id, session.user.id);
  const forged = { access_token: `${session.access_token.slice(0, -6)}AAAAAA`, refresh_token: session.refresh_token };
  await refuses(client().auth.setSession(forged), 403, "bad_jwt");
});

test("a token is what it says it is", async () => {
  const { supabase, user } = await member();
  const { claims, header } = await succeeds(supabase.auth.getClaims());
  assert.equal(header.alg, "ES256");
  assert.deepEqual([claims.sub, claims.role, claims.aal], [user.id, "authenticated", "aal1"]);
  const answer = await fetch(`${API}/auth/v1/.well-known/jwks.json`);
  const { keys } = await answer.json();
  assert.deepEqual(
    keys.map((key) => [key.kty, key.kid === header.kid, "d" in key]),
    [["EC", true, false]],
  );
});

test("signing out ends this session, the others, or all", async () => {
  const { supabase: first, email } = await member();
  const [second, third] = [await again(email), await again(email)];
  const token = async ({ auth }) => (await auth.getSession()).data.session?.access_token;
  const tokens = await Promise.all([first, second, third].map(token));
  const good = async (jwt) => (await client().auth.getUser(jwt)).error === null;
  const goods = async () => await Promise.all(tokens.map(good));
  await succeeds(first.auth.signOut({ scope: "local" }));
  assert.deepEqual(await goods(), [false, true, true]);
  await succeeds(second.auth.signOut({ scope: "others" }));
  assert.deepEqual(await goods(), [false, true, false]);
  assert.ok(await token(second));
  tokens.push(await token(await again(email)));
  await succeeds(second.auth.signOut());
  assert.deepEqual(await goods(), [false, false, false, false]);
  assert.equal(await token(second), undefined);
  // Who was signed out from afar finds out, and the client drops what it kept.
  await refuses(third.auth.getUser(), 400, undefined, "AuthSessionMissingError");
  assert.equal(await token(third), undefined);
});

test("nobody without a session has a user", async () => {
  const { auth } = client();
  await refuses(auth.getUser(), 400, undefined, "AuthSessionMissingError");
  await refuses(auth.getUser(ANON_KEY), 403, "bad_jwt");
  await refuses(auth.getUser("nonsense"), 403, "bad_jwt");
  await refuses(auth.updateUser({ data: {} }), 400, undefined, "AuthSessionMissingError");
});
