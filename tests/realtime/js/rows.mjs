import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, heard, listen, newResource, next, pause, rest, somebody, subscribe, until } from "./support.mjs";

const ROWS = { event: "*", schema: "public", table: "resources" };
const rows = (socket, channel = "rows") => heard(socket, "postgres_changes").filter((told) => told.channel === channel);
const titles = (socket, channel) => rows(socket, channel).map((told) => told.new.title);

test("rows by event, table and filter", async () => {
  const [owner, other] = [await somebody(), await somebody()];
  const socket = await connected(other);
  const configs = {
    all: ROWS,
    made: { ...ROWS, event: "INSERT" },
    changed: { ...ROWS, event: "UPDATE" },
    gone: { ...ROWS, event: "DELETE" },
    mine: { ...ROWS, filter: `user_id=eq.${other.id}` },
    theirs: { ...ROWS, event: "INSERT", filter: `user_id=in.(${owner.id},${other.id})` },
    named: { ...ROWS, filter: "title=eq.Deux" },
  };
  for (const [channel, postgres_changes] of Object.entries(configs)) {
    assert.equal((await subscribe(socket, { channel, postgres_changes })).channel, channel);
  }
  const made = await newResource(owner, "Un");
  await rest("PUT", `/api/resources/${made.id}`, owner, { title: "Deux" });
  await rest("DELETE", `/api/resources/${made.id}`, owner);
  await newResource(other, "À moi");
  await until(() => titles(socket, "mine").length);
  const kinds = (channel) => rows(socket, channel).map((told) => `${told.eventType} ${told.new.title ?? ""}`);
  assert.deepEqual(kinds("all"), ["INSERT Un", "UPDATE Deux", "DELETE ", "INSERT À moi"]);
  assert.deepEqual(kinds("made"), ["INSERT Un", "INSERT À moi"]);
  assert.deepEqual(kinds("changed"), ["UPDATE Deux"]);
  assert.deepEqual(kinds("gone"), ["DELETE "]);
  assert.deepEqual(kinds("mine"), ["INSERT À moi"]);
  assert.deepEqual(kinds("theirs"), ["INSERT Un", "INSERT À moi"]);
  assert.deepEqual(kinds("named"), ["UPDATE Deux", "DELETE "]);
  const [gone] = rows(socket, "gone");
  assert.deepEqual([gone.old, gone.new, gone.schema, gone.table], [{ id: made.id }, {}, "public", "resources"]);
});

test("a connection that is cut comes back by itself, and misses nothing", async () => {
  const owner = await somebody();
  const socket = listen({ auth: (tell) => tell({ token: owner.token }) });
  let last;
  socket.on("postgres_changes", (told) => (last = told.position));
  socket.on("connect", () =>
    socket.emit("subscribe", { channel: "rows", postgres_changes: { ...ROWS, event: "INSERT" }, since: last }, (told) => {
      last ??= told.position;
    }),
  );
  await until(() => last !== undefined);
  const wanted = [];
  for (let number = 0; number < 40; number += 1) {
    if (number % 10 === 5) socket.io.engine.close();
    if (number % 10 === 8) await until(() => socket.connected);
    await newResource(owner, `${number}`);
    wanted.push(`${number}`);
  }
  await until(() => titles(socket).length >= 40);
  await pause(200);
  assert.deepEqual(titles(socket), wanted);
  const positions = rows(socket).map((told) => told.position);
  assert.deepEqual(positions, [...new Set(positions)].sort((a, b) => a - b));
});

test("what is asked for before there is a connection is asked for then", async () => {
  const owner = await somebody();
  const socket = listen({ auth: { token: owner.token }, autoConnect: false });
  socket.emit("subscribe", { channel: "rows", postgres_changes: ROWS });
  socket.connect();
  await until(() => heard(socket, "subscribed").some(({ channel }) => channel === "rows"));
  await newResource(owner, "Ensuite");
  assert.equal((await next(socket, "postgres_changes")).new.title, "Ensuite");
});
