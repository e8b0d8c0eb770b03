// The application's own WebSocket service as its contract describes it: it routes by what payloads say, and knows
// neither acknowledgements nor positions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { API, TRANSPORTS, heard, newResource, rest, somebody, until } from "./support.mjs";

class WebSocketService {
  #callbacks = new Map();

  constructor(token) {
    this.token = token;
  }

  #connect() {
    if (this.socket) return this.socket;
    this.socket = io(API, {
      auth: { token: this.token },
      transports: TRANSPORTS,
      reconnection: true,
      reconnectionDelay: 1000,
      reconnectionDelayMax: 5000,
      reconnectionAttempts: 5,
      forceNew: true,
    });
    this.socket.on("connect", () => {
      for (const channel of this.#callbacks.keys()) this.socket.emit("subscribe", channel);
    });
    this.socket.on("notification", (payload) => this.#route(`notifications:${payload.userId}`, payload));
    this.socket.on("resource:update", (payload) => this.#route(`resource:updates:${payload.resourceId}`, payload));
    this.socket.on("suggestion:vote", (payload) => this.#route("suggestions:votes", payload));
    return this.socket;
  }

  #route(channel, payload) {
    for (const callback of this.#callbacks.get(channel) ?? []) callback(payload);
  }

  channel(name) {
    const socket = this.#connect();
    return {
      on: (_event, callback) => {
        const callbacks = this.#callbacks.get(name) ?? new Set();
        this.#callbacks.set(name, callbacks.add(callback));
        if (socket.connected) socket.emit("subscribe", name);
        const unsubscribe = () => {
          callbacks.delete(callback);
          if (callbacks.size === 0) {
            this.#callbacks.delete(name);
            socket.emit("unsubscribe", name);
          }
        };
        return { subscribe: () => ({ data: { subscription: { unsubscribe } } }) };
      },
      send: (payload) => socket.emit("message", { channel: name, payload }),
    };
  }
}

test("each callback gets what its channel is about, once", async () => {
  const [owner, other] = [await somebody(), await somebody()];
  const made = await newResource(owner, "Suivie");
  const service = new WebSocketService(owner.token);
  const got = { notifications: [], updates: [], votes: [] };
  const subscriptions = [
    service.channel(`notifications:${owner.id}`).on("INSERT", (payload) => got.notifications.push(payload)),
    service.channel(`resource:updates:${made.id}`).on("UPDATE", (payload) => got.updates.push(payload)),
    service.channel("suggestions:votes").on("*", (payload) => got.votes.push(payload)),
  ].map((on) => on.subscribe());
  service.socket.heard = [];
  service.socket.onAny((event, payload) => service.socket.heard.push([event, payload]));
  await until(() => heard(service.socket, "subscribed").length >= 4);
  await rest("POST", `/api/resources/${made.id}/comments`, other, { content: "Bravo" });
  await rest("PUT", `/api/resources/${made.id}`, owner, { title: "Changée" });
  const suggested = await rest("POST", "/api/suggestions", owner, { name: `mot-${made.id.slice(-8)}`, type: "tag", description: "d" });
  const { id } = suggested.suggestion ?? suggested;
  await rest("POST", `/api/suggestions/${id}/vote`, other, { voteType: "upvote" });
  await until(() => got.notifications.length && got.votes.length && got.updates.some(({ update }) => update.title));
  assert.equal(got.notifications.filter(({ type }) => type === "new_comment").length, 1);
  assert.equal(got.updates.filter(({ update }) => update.title === "Changée").length, 1);
  assert.equal(got.votes.filter(({ suggestionId }) => suggestionId === id).length, 1);
  // It may send to a channel: nothing comes of that but an answer.
  service.channel(`resource:updates:${made.id}`).send({ hello: true });
  subscriptions[1].data.subscription.unsubscribe();
  await until(() => heard(service.socket, "unsubscribed").length);
  service.socket.disconnect();
});
