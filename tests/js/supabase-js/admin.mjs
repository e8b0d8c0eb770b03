// Users as a program with the service key administers them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { again, client, member, PASSWORD, refuses, service, someEmail, somePassword, succeeds } from "./support.mjs";

test("users are made, found, changed and removed", async () => {
  const { admin } = service().auth;
  const email = someEmail();
  const { user } = await succeeds(
    admin.createUser({ email, password: PASSWORD, email_confirm: true, user_metadata: { full_name: "Léa" } }),
  );
  assert.ok(user.email_confirmed_at);
  assert.deepEqual(user.user_metadata, { full_name: "Léa" });
  const signedIn = await again(email);
  assert.equal((await succeeds(admin.getUserById(user.id))).user.email, email);
  const changes = { app_metadata: { plan: "pro" }, password: somePassword() };
  const changed = await succeeds(admin.updateUserById(user.id, changes));
  assert.equal(changed.user.app_metadata.plan, "pro");
  await refuses(signedIn.auth.getUser(), 400, undefined, "AuthSessionMissingError");
  const back = await again(email, changes.password);
  assert.equal((await succeeds(admin.deleteUser(user.id))).user.id, user.id);
  await refuses(back.auth.getUser(), 400, undefined, "AuthSessionMissingError");
  await refuses(admin.getUserById(user.id), 404, "user_not_found");
  await refuses(admin.deleteUser(user.id), 404, "user_not_found");
});

test("users come by page", async () => {
  const { admin } = service().auth;
  const { user } = await succeeds(admin.createUser({ email: someEmail() }));
  await succeeds(admin.createUser({ email: someEmail() }));
  const first = await succeeds(admin.listUsers({ page: 1, perPage: 1 }));
  assert.deepEqual([first.users.length, first.nextPage], [1, 2]);
  assert.ok(first.total >= 2 && first.lastPage >= 1);
  const all = await succeeds(admin.listUsers());
  assert.ok(all.users.some((one) => one.id === user.id));
  assert.equal(all.aud, "authenticated");
});

test("a suspension is felt at once", async () => {
  const { admin } = service().auth;
  const { supabase, user, email } = await member();
  const { user: suspended } = await succeeds(admin.updateUserById(user.id, { ban_duration: "876000h" }));
  assert.ok(suspended.banned_until);
  await refuses(supabase.auth.getUser(), 400, undefined, "AuthSessionMissingError");
  await succeeds(admin.updateUserById(user.id, { ban_duration: "none" }));
  await again(email);
});

test("what cannot be done is refused", async () => {
  const { admin } = service().auth;
  const { email } = await member();
  await refuses(admin.createUser({ email, password: PASSWORD }), 422, "email_exists");
  await refuses(
    admin.createUser({ email: someEmail(), password: "faible" }),
    422,
    "weak_password",
    "AuthWeakPasswordError",
  );
  await refuses(admin.updateUserById(randomUUID(), { password: PASSWORD }), 404, "user_not_found");
});

test("nobody without the key administers", async () => {
  await refuses(client().auth.admin.listUsers(), 401, "no_authorization");
  const { user, session } = await member();
  const { auth } = client({}, session.access_token);
  await refuses(auth.admin.listUsers(), 403, "not_admin");
  await refuses(auth.admin.createUser({ email: someEmail(), password: PASSWORD }), 403, "not_admin");
  await refuses(auth.admin.updateUserById(user.id, { app_metadata: { role: "admin" } }), 403, "not_admin");
  await refuses(auth.admin.deleteUser(user.id), 403, "not_admin");
});
