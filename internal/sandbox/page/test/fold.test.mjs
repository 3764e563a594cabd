import assert from "node:assert/strict";
import test from "node:test";

const { folded } = await import("../fold.js");
const section = (text, expand) => ({ type: "section", text: { type: "mrkdwn", text }, expand });
const six = "1\n2\n3\n4\n5\n6";

test("a section is folded after five lines, unless it says expand: true", () => {
  assert.equal(folded(section(six)), "1\n2\n3\n4\n5");
  assert.equal(folded(section(six, false)), "1\n2\n3\n4\n5");
  assert.equal(folded(section(six, true)), null);
  assert.equal(folded(section("1\n2\n3\n4\n5")), null);
  assert.equal(folded({ type: "section", fields: [] }), null);
});

test("a section is folded after 700 characters, between two words", () => {
  assert.equal(folded(section("a ".repeat(350))), null);
  assert.equal(folded(section("word ".repeat(200))), "word ".repeat(140).trimEnd());
  assert.equal(folded(section("x".repeat(701))), "x".repeat(700));
});

test("a link or a date counts as it is read, and is never cut in two", () => {
  const link = "<https://example.com/" + "p".repeat(300) + "|here>";
  assert.equal(folded(section((link + " ").repeat(100).trimEnd())), null);
  assert.equal(folded(section("a".repeat(699) + " " + link)), "a".repeat(699));
  assert.equal(folded(section("&amp;".repeat(700))), null);
});
