import assert from "node:assert/strict";
import test from "node:test";
import { parse, plainText } from "../mrkdwn.js";
import { markdown } from "../markdown.js";
import { emoji } from "../emoji.js";

/** short writes a tree so that a table of cases can be read. */
function short(nodes) {
  return nodes.map((n) => {
    switch (n.t) {
      case "text": return n.v;
      case "br": return "⏎";
      case "code": return `[code ${n.v}]`;
      case "pre": return `[pre ${n.v}]`;
      case "emoji": return `[emoji ${n.name}]`;
      case "link": return `[link ${n.url} ${short(n.c)}]`;
      case "user": case "channel": return `[${n.t} ${n.id}${n.label && " " + n.label}]`;
      case "group": return `[group ${n.label}]`;
      case "broadcast": return `[!${n.name}]`;
      case "date": return `[date ${n.unix} ${n.format} ${n.url} ${n.fallback}]`;
      default: return `[${n.t} ${short(n.c)}]`;
    }
  }).join("");
}

const cases = [
  ["styles", "*b* _i_ ~s~ `c`", "[bold b] [italic i] [strike s] [code c]"],
  ["nested", "*_both_ and `code`*", "[bold [italic both] and [code code]]"],
  ["words keep their marks", "2*3*4 snake_case_name a~b~c", "2*3*4 snake_case_name a~b~c"],
  ["a doubled mark is text", "**b** __init__", "**b** __init__"],
  ["no space inside the marks", "* not bold * and *not", "* not bold * and *not"],
  ["a style ends with its line", "*a\nb*", "*a⏎b*"],
  ["bold around a link with a star", "*<https://x.test/a*b|see>*", "[bold [link https://x.test/a*b see]]"],
  ["code is raw", "`*a* <b> :x:`", "[code *a* <b> :x:]"],
  ["entities once", "&amp;lt; &lt;@U1&gt; 5 &gt; 4", "&lt; <@U1> 5 > 4"],
  ["a link", "<https://x.test/?a=1&amp;b=2|a &amp; b>", "[link https://x.test/?a=1&b=2 a & b]"],
  ["a link without label", "<https://x.test>", "[link https://x.test https://x.test]"],
  ["a bare link and its full stop", "see https://x.test/a.", "see [link https://x.test/a https://x.test/a]."],
  ["a script is no link", "<javascript:alert(1)|x>", "<javascript:alert(1)|x>"],
  ["mentions", "<@U0ANA0001> <@U1|ben> <#C1|general> <!here> <!subteam^S1|@sre>", "[user U0ANA0001] [user U1 ben] [channel C1 general] [!here] [group @sre]"],
  ["a date", "<!date^1700000000^{date_short} at {time}^https://x.test|14 Nov>", "[date 1700000000 {date_short} at {time} https://x.test 14 Nov]"],
  ["emoji", ":warning: 10:05:12 :no one:", "[emoji warning] 10:05:12 :no one:"],
  ["a quote ends with its line", "&gt; a\n&gt; b\nc", "[quote a⏎b]c"],
  ["a long quote", "x\n&gt;&gt;&gt;a\nb", "x[quote a⏎b]"],
  ["fenced", "a\n```\nb *c* &lt;\n```\nd", "a[pre b *c* <]d"],
  ["an open fence is text", "a ```b", "a ```b"],
  ["nothing", "", ""],
];

for (const [name, text, want] of cases) {
  test("mrkdwn: " + name, () => assert.equal(short(parse(text)), want));
}

test("mrkdwn: anything is read without an error, and quickly", () => {
  const pieces = ["*", "_", "~", "`", "```", "<", ">", "|", "&lt;", ":", "\n", "a", " ", "<@U1>", "!date^1^"];
  let seed = 7;
  for (let n = 0; n < 2000; n++) {
    let text = "";
    for (let k = 0; k < 24; k++) text += pieces[(seed = (seed * 48271) % 2147483647) % pieces.length];
    parse(text);
    markdown(text);
  }
  const from = performance.now();
  parse("*a ".repeat(1000));
  assert.ok(performance.now() - from < 500, "3,000 characters, Slack's limit for a text, took over 500 ms");
});

test("plain text knows emoji and line breaks only", () => {
  assert.equal(short(plainText("*a* <@U1> :fire:\nb &lt;")), "*a* <@U1> [emoji fire]⏎b &lt;");
});

test("the emoji table has the words a status bot needs", () => {
  const needed = ["large_green_circle", "large_yellow_circle", "large_orange_circle", "red_circle", "white_circle", "black_circle", "warning", "white_check_mark", "x", "chart_with_upwards_trend", "bar_chart", "rotating_light", "wrench"];
  assert.deepEqual(needed.filter((n) => !emoji.has(n)), []);
  assert.deepEqual([...emoji].filter(([k, v]) => !/^[a-z0-9_+-]+$/.test(k) || /[a-z]/.test(v)), []);
  assert.ok(emoji.size >= 150);
});

const markdownCases = [
  ["heading and paragraph", "# A *b*\nc **d**\ne", ["heading", "p"]],
  ["lists", "- a\n- b\n\n1. c", ["list", "list"]],
  ["code, rule, quote", "```js\na\n```\n---\n> q", ["pre", "rule", "quote"]],
  ["table", "| a | b |\n|---|:--|\n| 1 | 2 |\nafter", ["table", "p"]],
];
for (const [name, text, want] of markdownCases) {
  test("markdown: " + name, () => assert.deepEqual(markdown(text).map((n) => n.t), want));
}

test("markdown: marks", () => {
  const [p] = markdown("**b** *i* ~~s~~ `c` [l](https://x.test) snake_case \\*no\\* :fire:");
  assert.equal(short(p.c), "[bold b] [italic i] [strike s] [code c] [link https://x.test l] snake_case *no* [emoji fire]");
});
