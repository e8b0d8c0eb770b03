import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, listen, next, pause, rest, somebody, subscribe, tokenFor, TRANSPORTS, until } from "./support.mjs";

const refused = (options) => next(listen({ reconnection: false, ...options }), "connect_error");

test("a token, or a function that finds one, lets its user in", async () => {
  const who = await somebody();
  const socket = await connected(who);
  assert.ok(socket.id);
  assert.deepEqual([socket.io.engine.transport.name], [TRANSPORTS.at(-1) === "polling" ? "polling" : "websocket"]);
  const later = listen({ auth: (tell) => setTimeout(() => tell({ token: who.token }), 20) });
  await next(later, "connect");
  const inTheQuery = listen({ query: { token: who.token } });
  await next(inTheQuery, "connect");
});

test("who may not come in is told why", async () => {
  const who = await somebody();
  for (const auth of [undefined, {}, { token: "" }, { token: 5 }, { token: null }]) {
    const error = await refused({ auth });
    assert.equal(error.message, "Token d'authentification manquant");
    assert.equal(error.data.code, "AUTH_TOKEN_MISSING");
  }
  for (const token of ["none", "a.b.c", "hub_lib_none", tokenFor(who, -10), `${who.token}x`]) {
    const error = await refused({ auth: { token } });
    assert.equal(error.message, "Authentification échouée");
    assert.ok(error.data.code, JSON.stringify(error.data));
  }
  await rest("POST", "/api/auth/signout", who);
  const error = await refused({ auth: { token: who.token } });
  assert.deepEqual([error.message, error.data.code], ["Authentification échouée", "SESSION_ENDED"]);
});

test("cookies let nobody in", async () => {
  const who = await somebody();
  const error = await refused({ extraHeaders: { Cookie: `token=${who.token}; access_token=${who.token}` } });
  assert.equal(error.data.code, "AUTH_TOKEN_MISSING");
});

test("there is one namespace", async () => {
  const who = await somebody();
  const socket = listen({ auth: { token: who.token } });
  const other = socket.io.socket("/admin", { auth: { token: who.token } });
  const error = await next(Object.assign(other, { heard: [] }), "connect_error");
  assert.equal(error.message, "Invalid namespace");
  await until(() => socket.connected);
});

test("an answer comes if it is asked for, and is not needed", async () => {
  const who = await somebody();
  const socket = await connected(who);
  socket.emit("subscribe:suggestions");
  const told = await next(socket, "subscribed");
  assert.equal(told.channel, "suggestions:votes");
  const answer = await subscribe(socket, "suggestions:votes");
  assert.equal(answer.channel, "suggestions:votes");
  assert.equal(typeof answer.position, "number");
  const refusal = await subscribe(socket, "suggestions:none");
  assert.deepEqual(refusal, { error: { message: "Canal non autorisé", code: "REALTIME_CHANNEL_REFUSED" } });
  socket.emit("subscribe", `notifications:${(await somebody()).id}`);
  assert.equal((await next(socket, "error")).message, "Canal non autorisé");
  socket.emit("subscribe:resource", 5);
  socket.emit("subscribe:resource");
  assert.equal((await socket.timeout(5000).emitWithAck("unsubscribe", "suggestions:votes")).channel, "suggestions:votes");
});

test("what is binary, unknown or nothing is refused, and the socket stays", async () => {
  const socket = await connected(await somebody());
  for (const [event, ...args] of [
    ["subscribe", Buffer.from("x")],
    ["subscribe", { channel: new Uint8Array(8) }],
    ["none", 1, 2, 3],
    ["__proto__", { polluted: true }],
    ["subscribe", JSON.parse('{"__proto__": {"channel": "suggestions:votes"}}')],
  ]) {
    const error = next(socket, "error");
    socket.emit(event, ...args);
    assert.equal((await error).code, "REALTIME_BAD_MESSAGE");
  }
  await pause(50);
  assert.ok(socket.connected);
  assert.equal((await subscribe(socket, "suggestions:votes")).channel, "suggestions:votes");
});
