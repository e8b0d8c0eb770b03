// The clients of the suite, what it says of answers, and the browser and the mailbox that its people have.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createClient } from "@supabase/supabase-js";

export const { RELAIS_TEST_URL: API, RELAIS_TEST_ANON_KEY: ANON_KEY, RELAIS_TEST_SERVICE_KEY: SERVICE_KEY } = process.env;
const { RELAIS_TEST_DESK: DESK } = process.env;
export const SITE = "http://localhost:5173";
export const PASSWORD = "Correct-Horse-7";

/** A place where a client keeps its session. */
export function memory() {
  const items = new Map();
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** A client as an application makes one; it renews its session only where a test has it do so. */
export function client(auth = {}, key = ANON_KEY) {
  return createClient(API, key, {
    auth: { autoRefreshToken: false, storage: memory(), ...auth },
  });
}

/** A client of a program that holds the service key. */
export function service() {
  return client({ persistSession: false }, SERVICE_KEY);
}

export const someEmail = (name = "membre") => `${name}.${randomBytes(6).toString("hex")}@example.org`;

export const somePassword = () => `Neuf-${randomBytes(8).toString("hex")}-Aa1`;

/** What a call answers that succeeds. */
export async function succeeds(call) {
  const { data, error } = await call;
  assert.equal(error, null, error && `${error.status} ${error.code}: ${error.message}`);
  return data;
}

/** The call is refused, with this status and code. */
export async function refuses(call, status, code, name = "AuthApiError") {
  const { error } = await call;
  assert.ok(error, "was not refused");
  assert.deepEqual({ name: error.name, status: error.status, code: error.code }, { name, status, code });
  assert.ok(error.message.length > 3 && !error.message.startsWith("{"), error.message);
  return error;
}

/** A client, and somebody new who has signed in with it. */
export async function member(auth = {}) {
  const supabase = client(auth);
  const email = someEmail();
  const { user, session } = await succeeds(supabase.auth.signUp({ email, password: PASSWORD }));
  return { supabase, email, user, session };
}

/** Somebody who has an account, with one more client. */
export async function again(email, password = PASSWORD) {
  const supabase = client();
  await succeeds(supabase.auth.signInWithPassword({ email, password }));
  return supabase;
}

/** What the newest message of its kind to an address carries in its link. */
export async function link(email, template) {
  const answer = await fetch(`${DESK}/mail?${new URLSearchParams({ email, template })}`);
  assert.equal(answer.status, 200, `no ${template} for ${email}`);
  return await answer.text();
}

/** Where the button of the page leads that the link of a message opens; whatever looks at mail opens it first. */
export async function press(path, token) {
  const page = await fetch(`${API}${path}?${new URLSearchParams({ token })}`);
  assert.equal(page.status, 200, await page.text());
  const answer = await fetch(`${API}${path}`, { method: "POST", body: new URLSearchParams({ token }), redirect: "manual" });
  assert.equal(answer.status, 303, await answer.text());
  return new URL(answer.headers.get("location"));
}

/** Have somebody new sit in front of the browser, whom no provider has sent yet. */
export async function newVisitor() {
  assert.equal((await fetch(`${DESK}/visitor`)).status, 200);
}

/** A browser, as far as it follows redirects and keeps cookies; it stops at the application's own address. */
export async function browse(url, cookies = new Map()) {
  const origin = new URL(url).origin;
  const sent = [...(cookies.get(origin) ?? new Map())].map(([name, value]) => `${name}=${value}`).join("; ");
  const answer = await fetch(url, { redirect: "manual", headers: sent ? { cookie: sent } : {} });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
    if (!cookies.has(origin)) cookies.set(origin, new Map());
    cookies.get(origin).set(name, value);
  }
  const location = answer.headers.get("location");
  assert.ok(location, `${answer.status} at ${url}: ${await answer.text()}`);
  const next = new URL(location, url);
  return next.origin === SITE ? next : await browse(next, cookies);
}

/** What an address hands over to the page behind its `#`. */
export const fragment = (url) => Object.fromEntries(new URLSearchParams(url.hash.slice(1)));
