// People, their connections, and what they do by REST that others hear of.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { after } from "node:test";
import { io } from "socket.io-client";

export const { RELAIS_TEST_URL: API, RELAIS_TEST_SECRET: SECRET } = process.env;
export const TRANSPORTS = process.env.RELAIS_TEST_TRANSPORTS.split(",");
const PATIENCE = 15_000;
const open = new Set();

after(() => open.forEach((socket) => socket.disconnect()));

/** Ask by REST. */
export async function rest(method, path, who, body) {
  const answer = await fetch(API + path, {
    method,
    headers: { "Content-Type": "application/json", ...(who && { Authorization: `Bearer ${who.token}` }) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** Somebody new. */
export async function somebody() {
  const body = { email: `membre.${randomBytes(6).toString("hex")}@example.org`, password: "Correct-Horse-7" };
  const told = await rest("POST", "/api/auth/signup", undefined, body);
  return { ...body, id: told.user.id, token: told.access_token, refresh: told.refresh_token };
}

/** The claims of a token. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** A token of somebody's that ends in so many seconds. */
export function tokenFor(who, seconds) {
  const { sub, role, tenant_id } = claimsOf(who.token);
  const claims = { sub, role, tenant_id, exp: Math.floor(Date.now() / 1000 + seconds) };
  const text = [{ alg: "HS256", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

/** A socket as the application makes one, and all that it hears. */
export function listen(options = {}) {
  const socket = io(API, { transports: TRANSPORTS, forceNew: true, reconnectionDelay: 50, ...options });
  open.add(socket);
  socket.heard = [];
  socket.onAny((event, payload) => socket.heard.push([event, payload]));
  return socket;
}

/** What a socket has heard under a name. */
export const heard = (socket, event) => socket.heard.filter(([name]) => name === event).map(([, payload]) => payload);

/** Somebody's socket, once it is connected. */
export async function connected(who, options = {}) {
  const socket = listen({ auth: { token: who.token }, ...options });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
  return socket;
}

/** What an event brings. */
export const next = (socket, event) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${event}; heard ${JSON.stringify(socket.heard)}`)), PATIENCE);
    socket.once(event, (payload) => (clearTimeout(late), resolve(payload)));
  });

/** What is found in the end. */
export async function until(find, what = find) {
  for (const end = Date.now() + PATIENCE; ; await pause(10)) {
    const found = find();
    if (found) return found;
    assert.ok(Date.now() < end, `never: ${what}`);
  }
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Subscribe, and the answer. */
export const subscribe = (socket, wanted) => socket.timeout(PATIENCE).emitWithAck("subscribe", wanted);

export const newResource = (who, title, more = {}) =>
  rest("POST", "/api/resources", who, { title, description: "d", visibility: "public", ...more });
