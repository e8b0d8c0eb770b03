import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, heard, newResource, pause, rest, somebody, subscribe, until } from "./support.mjs";

test("a user hears of their notifications from the beginning, on each of their devices", async () => {
  const [owner, other] = [await somebody(), await somebody()];
  const [desktop, phone, others] = [await connected(owner), await connected(owner), await connected(other)];
  const made = await newResource(owner, "Commentée");
  await subscribe(phone, `notifications:${owner.id}`);
  await rest("POST", `/api/resources/${made.id}/comments`, other, { content: "Bravo" });
  for (const socket of [desktop, phone]) {
    const told = await until(() => heard(socket, "notification")[0]);
    for (const [camel, snake] of [["userId", "user_id"], ["resourceId", "resource_id"], ["isRead", "is_read"]]) {
      assert.deepEqual(told[camel], told[snake]);
    }
    assert.deepEqual([told.userId, told.type, told.resourceId, told.isRead], [owner.id, "new_comment", made.id, false]);
    assert.ok(told.id && told.title && told.message && told.createdAt);
  }
  assert.deepEqual(heard(others, "notification"), []);
});

test("what becomes of a resource", async () => {
  const [owner, other] = [await somebody(), await somebody()];
  const made = await newResource(owner, "Suivie");
  const [one, two] = [await connected(other), await connected(other)];
  one.emit("subscribe:resource", made.id);
  await subscribe(two, `resource:updates:${made.id}`);
  await until(() => heard(one, "subscribed").find(({ channel }) => channel === `resource:updates:${made.id}`));
  await rest("PUT", `/api/resources/${made.id}`, owner, { title: "Changée" });
  for (const socket of [one, two]) {
    const told = await until(() => heard(socket, "resource:update").find(({ update }) => update.title));
    assert.deepEqual([told.resourceId, told.update.title], [made.id, "Changée"]);
    assert.ok(Date.parse(told.timestamp) > 0);
  }
  await one.emitWithAck("unsubscribe", `resource:updates:${made.id}`);
  await rest("DELETE", `/api/resources/${made.id}`, owner);
  await until(() => heard(two, "resource:update").find(({ update }) => update.deleted));
  await pause(200);
  assert.ok(!heard(one, "resource:update").some(({ update }) => update.deleted));
  const secret = await newResource(owner, "Secrète", { visibility: "private" });
  const refusal = await subscribe(two, `resource:updates:${secret.id}`);
  assert.equal(refusal.error.message, "Canal non autorisé");
});

test("how votes stand, and nobody's name", async () => {
  const [author, voter] = [await somebody(), await somebody()];
  const socket = await connected(author);
  await subscribe(socket, "suggestions:votes");
  const name = `mot-${Date.now().toString(36)}`;
  const made = await rest("POST", "/api/suggestions", author, { name, type: "tag", description: "d" });
  const id = (made.suggestion ?? made).id;
  const vote = (voteType) => rest("POST", `/api/suggestions/${id}/vote`, voter, { voteType });
  for (const [cast, count] of [["upvote", 1], ["downvote", -1], ["downvote", 0]]) {
    const before = heard(socket, "suggestion:vote").length;
    await vote(cast);
    const told = await until(() => heard(socket, "suggestion:vote").slice(before).find((item) => item.suggestionId === id));
    assert.equal(told.votesCount, count);
    assert.ok(told.status && told.timestamp);
    assert.ok(!JSON.stringify(told).includes(voter.id));
  }
});
