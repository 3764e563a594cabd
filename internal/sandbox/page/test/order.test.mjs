import assert from "node:assert/strict";
import test from "node:test";

// messages.js builds DOM only when it renders; the order of messages is plain data.
globalThis.document = { querySelectorAll: () => [], createElement: () => ({}) };
const { order, twice } = await import("../messages.js");
const { condition } = await import("../panel.js");
const { failure } = await import("../elements.js");

const shape = (messages, threads) => order(messages, threads).map(({ m, reply }) => (reply ? " " : "") + m.ts);

test("replies stand under their root, oldest first", () => {
  const got = shape([{ ts: "1" }, { ts: "2" }, { ts: "3", thread_ts: "1" }, { ts: "4", thread_ts: "2" }, { ts: "5", thread_ts: "1" }]);
  assert.deepEqual(got, ["1", " 3", " 5", "2", " 4"]);
});

test("a reply without its root is shown where it was written; a deleted message is not", () => {
  assert.deepEqual(shape([{ ts: "2" }, { ts: "3", thread_ts: "1" }, { ts: "4", deleted: true }]), ["2", " 3"]);
});

test("a thread with more replies than a few is folded until a person opens it", () => {
  const long = [{ ts: "1" }, ...["2", "3", "4", "5"].map((ts) => ({ ts, thread_ts: "1" })), { ts: "6" }];
  assert.deepEqual(shape(long), ["1", "6"]);
  assert.deepEqual(shape(long, new Map([["1", true]])), ["1", " 2", " 3", " 4", " 5", "6"]);
  assert.deepEqual(shape([{ ts: "1" }, { ts: "2", thread_ts: "1" }], new Map([["1", false]])), ["1"]);
});

test("a reply that was sent to the channel stands there, too", () => {
  const got = shape([{ ts: "1" }, { ts: "2" }, { ts: "3", thread_ts: "1", reply_broadcast: true }]);
  assert.deepEqual(got, ["1", " 3", "2", "3"]);
});

test("a component's state in words", () => {
  assert.equal(condition(null), "as usual");
  assert.equal(condition({ kind: "reset", rate: 0.08 }), "failing 8 % of requests: reset");
  assert.equal(condition({ kind: "down", rate: 1 }), "down");
});

test("a failure in Slack's words", () => {
  assert.match(failure({ error: "operation_timeout" }), /failed with the error “operation_timeout”/);
  assert.equal(failure({ error: "the sandbox cannot be reached" }), "the sandbox cannot be reached");
});

test("only actions that several elements share need their block's id", () => {
  const menu = { type: "actions", block_id: "A", elements: [{ action_id: "product" }, { action_id: "more" }] };
  assert.deepEqual([...twice({ blocks: [menu] })], []);
  assert.deepEqual([...twice({ blocks: [menu, { block_id: "B", accessory: { action_id: "product" } }] })], ["product"]);
  assert.deepEqual([...twice({ blocks: [menu], attachments: [{ blocks: [menu] }] })], ["product", "more"]);
  assert.deepEqual([...twice({ text: "no blocks" })], []);
});
