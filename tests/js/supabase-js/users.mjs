// What somebody changes of themselves, and how they get back in without their password.
import assert from "node:assert/strict";
import { test } from "node:test";
import { again, browse, client, fragment, API, link, member, PASSWORD, press, refuses, SITE, someEmail, somePassword, succeeds } from "./support.mjs";

test("metadata is merged", async () => {
  const { supabase } = await member();
  await succeeds(supabase.auth.updateUser({ data: { theme: "clair", seats: 3 } }));
  const { user } = await succeeds(supabase.auth.updateUser({ data: { theme: "sombre", seats: null } }));
  assert.deepEqual(user.user_metadata, { theme: "sombre" });
  assert.deepEqual((await succeeds(supabase.auth.getSession())).session.user.user_metadata, { theme: "sombre" });
});

test("a password changes with the one of now", async () => {
  const { supabase, email } = await member();
  const other = await again(email);
  const password = somePassword();
  await refuses(supabase.auth.updateUser({ password }), 400, "reauthentication_needed");
  const wrong = { password, current_password: "Faux-Mot-1" };
  await refuses(supabase.auth.updateUser(wrong), 400, "invalid_credentials");
  await succeeds(supabase.auth.updateUser({ password, current_password: PASSWORD }));
  await succeeds(supabase.auth.getUser());
  await refuses(other.auth.getUser(), 400, undefined, "AuthSessionMissingError");
  await again(email, password);
});

test("an address changes by a link", async () => {
  const { supabase, email } = await member();
  const wanted = someEmail("nouvelle");
  const { user } = await succeeds(supabase.auth.updateUser({ email: wanted, current_password: PASSWORD }));
  assert.deepEqual([user.email, user.new_email], [email, wanted]);
  const token_hash = await link(wanted, "change_email");
  const confirmed = await succeeds(client().auth.verifyOtp({ type: "email_change", token_hash }));
  assert.equal(confirmed.user.email, wanted);
  await again(wanted);
});

test("an address is verified by a link", async () => {
  const { email, user } = await member();
  assert.equal(user.email_confirmed_at, null);
  await succeeds(client().auth.resend({ type: "signup", email }));
  const { auth } = client();
  const token_hash = await link(email, "verify_email");
  const verified = await succeeds(auth.verifyOtp({ type: "signup", token_hash }));
  assert.ok(verified.user.email_confirmed_at);
  assert.equal((await succeeds(auth.getUser())).user.id, user.id);
  await refuses(client().auth.verifyOtp({ type: "signup", token_hash }), 403, "otp_expired");
});

for (const flowType of ["implicit", "pkce"]) {
  test(`who has forgotten their password sets another one (${flowType})`, async () => {
    const { email } = await member();
    const { auth } = client({ flowType });
    await succeeds(auth.resetPasswordForEmail(email, { redirectTo: `${SITE}/reset` }));
    const heard = new Promise((resolve) => {
      auth.onAuthStateChange((event) => event === "PASSWORD_RECOVERY" && resolve(event));
    });
    const token_hash = await link(email, "reset_password");
    await succeeds(auth.verifyOtp({ type: "recovery", token_hash }));
    await heard;
    const password = somePassword();
    await succeeds(auth.updateUser({ password }));
    await refuses(client().auth.signInWithPassword({ email, password: PASSWORD }), 400, "invalid_credentials");
    await again(email, password);
    await refuses(auth.updateUser({ password: somePassword() }), 400, "reauthentication_needed");
  });
}

test("a link that a browser opens brings a session to the application", async () => {
  const { email, user } = await member();
  await succeeds(client().auth.resetPasswordForEmail(email));
  const token = await link(email, "reset_password");
  const query = new URLSearchParams({ type: "recovery", token, redirect_to: `${SITE}/reset` });
  const landed = await browse(`${API}/auth/v1/verify?${query}`);
  assert.equal(landed.pathname, "/reset");
  const { type, ...session } = fragment(landed);
  assert.equal(type, "recovery");
  const data = await succeeds(client().auth.setSession(session));
  assert.equal(data.user.id, user.id);
});

test("nobody learns whether an address has an account", async () => {
  const known = await succeeds(client().auth.resetPasswordForEmail((await member()).email));
  const unknown = await succeeds(client().auth.resetPasswordForEmail(someEmail()));
  assert.deepEqual(known, unknown);
});

const byPage = (path, _type) => (token) => press(path, token);
const byAddress = (_path, type) => (token) => browse(`${API}/auth/v1/verify?${new URLSearchParams({ type, token })}`);

for (const [name, way] of Object.entries({ "the page": byPage, "the address": byAddress })) {
  test(`a forgotten password: ${name} brings a code that only the client exchanges which asked`, async () => {
    const { email } = await member();
    const { auth } = client({ flowType: "pkce" });
    await succeeds(auth.resetPasswordForEmail(email, { redirectTo: `${SITE}/reset` }));
    const landed = await way("/auth/reset-password", "recovery")(await link(email, "reset_password"));
    assert.deepEqual([landed.pathname, landed.hash], ["/reset", ""]);
    const other = client({ flowType: "pkce" });
    await succeeds(other.auth.resetPasswordForEmail(someEmail()));
    const code = landed.searchParams.get("code");
    const { session } = await succeeds(auth.exchangeCodeForSession(code));
    assert.equal(session.user.email, email);
    const password = somePassword();
    await succeeds(auth.updateUser({ password }));
    await again(email, password);
    await refuses(other.auth.exchangeCodeForSession(code), 404, "flow_state_not_found");
  });

  test(`signing up: ${name} of the message brings a code that is exchanged`, async () => {
    const { auth } = client({ flowType: "pkce" });
    const email = someEmail();
    const options = { emailRedirectTo: `${SITE}/bienvenue` };
    const { user } = await succeeds(auth.signUp({ email, password: PASSWORD, options }));
    const landed = await way("/auth/verify", "signup")(await link(email, "verify_email"));
    assert.equal(landed.pathname, "/bienvenue");
    const exchanged = await succeeds(auth.exchangeCodeForSession(landed.searchParams.get("code")));
    assert.equal(exchanged.user.id, user.id);
    assert.ok(exchanged.user.email_confirmed_at);
  });
}

test("a code of a message is nothing to a client that did not ask for it", async () => {
  const { email } = await member();
  const { auth } = client({ flowType: "pkce" });
  await succeeds(auth.resetPasswordForEmail(email, { redirectTo: `${SITE}/reset` }));
  const code = (await press("/auth/reset-password", await link(email, "reset_password"))).searchParams.get("code");
  const other = client({ flowType: "pkce" });
  await succeeds(other.auth.resetPasswordForEmail(someEmail()));
  await refuses(other.auth.exchangeCodeForSession(code), 404, "flow_state_not_found");
  await refuses(auth.exchangeCodeForSession(code), 404, "flow_state_not_found");
});

test("without a challenge the button brings a session to where the application wants it", async () => {
  const { auth } = client({ flowType: "implicit" });
  const email = someEmail();
  await succeeds(auth.signUp({ email, password: PASSWORD, options: { emailRedirectTo: `${SITE}/bienvenue` } }));
  const landed = await press("/auth/verify", await link(email, "verify_email"));
  assert.equal(landed.pathname, "/bienvenue");
  const { type, ...session } = fragment(landed);
  assert.equal(type, "signup");
  assert.equal((await succeeds(client().auth.setSession(session))).user.email, email);
});

test("a message leads to no other place than the settings allow", async () => {
  const { email } = await member();
  await succeeds(client({ flowType: "pkce" }).auth.resetPasswordForEmail(email, { redirectTo: "https://evil.example/" }));
  const landed = await press("/auth/reset-password", await link(email, "reset_password"));
  assert.equal(landed.origin, SITE);
});
