import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, heard, listen, newResource, next, pause, rest, somebody, subscribe, tokenFor, until } from "./support.mjs";

const ROWS = { event: "INSERT", schema: "public", table: "resources" };

test("a token that ends is announced, and another one takes its place", async () => {
  const who = await somebody();
  const socket = await connected({ token: tokenFor(who, 4) });
  await subscribe(socket, { channel: "rows", postgres_changes: ROWS });
  const warning = await next(socket, "token:expiring");
  assert.ok(Math.abs(warning.expiresAt - Date.now() / 1000) < 6);
  const stranger = await somebody();
  for (const token of ["none", undefined, stranger.token, tokenFor(who, -5), {}]) {
    assert.ok((await socket.emitWithAck("auth", { token })).error);
  }
  const answer = await socket.emitWithAck("auth", { token: who.token });
  assert.ok(answer.expiresAt > warning.expiresAt);
  await pause(10_500);
  assert.ok(socket.connected);
  await newResource(who, "Toujours");
  await until(() => heard(socket, "postgres_changes").length);
});

test("without another one it is the end, with a code", async () => {
  const socket = await connected({ token: tokenFor(await somebody(), 4) });
  assert.equal(await next(socket, "disconnect"), "io server disconnect");
  assert.equal(heard(socket, "error").at(-1).code, "REALTIME_TOKEN_EXPIRED");
  await pause(300);
  assert.ok(!socket.active);
});

test("a session that ends takes its sockets along within a second, and no others", async () => {
  const who = await somebody();
  const again = await rest("POST", "/api/auth/signin", undefined, { email: who.email, password: who.password });
  const [first, second, elsewhere] = [await connected(who), await connected(who), await connected({ token: again.access_token })];
  const gone = Promise.all([next(first, "disconnect"), next(second, "disconnect")]);
  await rest("POST", "/api/auth/signout", who);
  const began = Date.now();
  await gone;
  assert.ok(Date.now() - began < 1000, `${Date.now() - began} ms`);
  assert.equal(heard(first, "error").at(-1).code, "SESSION_ENDED");
  assert.ok(elsewhere.connected);
});

test("a refreshed token is found by the function at the next connection", async () => {
  const who = await somebody();
  let { token } = who;
  const socket = listen({ auth: (tell) => tell({ token }) });
  await next(socket, "connect");
  token = tokenFor(who, 600);
  socket.io.engine.close();
  await next(socket, "connect");
});
