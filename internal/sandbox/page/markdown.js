// The subset of Markdown that a `markdown` block carries: headings, paragraphs, lists, quotes, fenced
// code, rules, tables, and the inline marks. Pure: text in, blocks out, {t, ...} as in mrkdwn.js with
// heading{level,c} p{c} list{ordered,items:[c]} table{rows:[[c]]} rule.

import { emojiAt } from "./mrkdwn.js";

const bullet = /^(\s*)[-*+] +(.*)$/;
const number = /^(\s*)\d+[.)] +(.*)$/;
const rule = /^ {0,3}([-*_])( *\1){2,} *$/;

export function markdown(text) {
  const rows = String(text ?? "").replace(/\r\n?/g, "\n").split("\n");
  const out = [];
  let i = 0;
  const take = (test) => {
    const from = i;
    while (i < rows.length && test(rows[i])) i++;
    return rows.slice(from, i);
  };
  while (i < rows.length) {
    const row = rows[i];
    const heading = /^(#{1,6}) +(.*?) *#*$/.exec(row);
    if (row.trim() === "") i++;
    else if (/^ *```/.test(row)) {
      i++;
      out.push({ t: "pre", v: take((r) => !/^ *```/.test(r)).join("\n") });
      i++;
    } else if (heading) {
      i++;
      out.push({ t: "heading", level: heading[1].length, c: marks(heading[2]) });
    } else if (rule.test(row)) {
      i++;
      out.push({ t: "rule" });
    } else if (/^ *>/.test(row)) {
      out.push({ t: "quote", c: markdown(take((r) => /^ *>/.test(r)).map((r) => r.replace(/^ *> ?/, "")).join("\n")) });
    } else if (bullet.test(row) || number.test(row)) {
      const kind = bullet.test(row) ? bullet : number;
      out.push({ t: "list", ordered: kind === number, items: take((r) => kind.test(r)).map((r) => item(kind.exec(r))) });
    } else if (row.includes("|") && /^[\s|:-]+$/.test(rows[i + 1] || "") && rows[i + 1].includes("-")) {
      const lines = take((r) => r.includes("|"));
      out.push({ t: "table", rows: [lines[0], ...lines.slice(2)].map(cells) });
    } else {
      const lines = [rows[i++], ...take((r) => r.trim() !== "" && !starts(r))];
      out.push({ t: "p", c: lines.flatMap((l, k) => (k ? [{ t: "br" }] : []).concat(marks(l))) });
    }
  }
  return out;
}

const starts = (row) => /^(#{1,6} | *```| *>)/.test(row) || rule.test(row) || bullet.test(row) || number.test(row);

/** item keeps how deep a list entry is (two spaces a step) and its task box, if it has one. */
function item([, indent, text]) {
  const task = /^\[([ xX])\] (.*)$/.exec(text);
  const c = marks(task ? task[2] : text);
  return { depth: Math.min(4, Math.floor(indent.length / 2)), c: task ? [{ t: "text", v: task[1] === " " ? "☐ " : "☑ " }, ...c] : c };
}

const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((c) => marks(c.trim()));

const spans = [
  [/^`([^`]+)`/, (m) => ({ t: "code", v: m[1] })],
  [/^\*\*(\S(?:.*?\S)??)\*\*/, (m) => ({ t: "bold", c: marks(m[1]) })],
  [/^__(\S(?:.*?\S)??)__/, (m) => ({ t: "bold", c: marks(m[1]) })],
  [/^~~(\S(?:.*?\S)??)~~/, (m) => ({ t: "strike", c: marks(m[1]) })],
  [/^\*(\S(?:.*?\S)??)\*/, (m) => ({ t: "italic", c: marks(m[1]) })],
  [/^_(\S(?:.*?\S)??)_(?![\p{L}\p{N}])/u, (m) => ({ t: "italic", c: marks(m[1]) })],
  [/^!?\[([^\]]*)\]\(([^)\s]+)\)/, (m) => ({ t: "link", url: m[2], c: marks(m[1] || m[2]) })],
  [/^<?(https?:\/\/[^\s<>]*[^\s<>.,;:!?)])>?/, (m) => ({ t: "link", url: m[1], c: [{ t: "text", v: m[1] }] })],
  [/^\\([\\`*_~[\]()#!<>|-])/, (m) => ({ t: "text", v: m[1] })],
];

/** marks reads the inline marks of one line. */
export function marks(text) {
  const out = [];
  let plain = "";
  for (let i = 0; i < text.length; ) {
    const found = /[`*_~![<h\\:]/.test(text[i]) && !(text[i] === "_" && /[\p{L}\p{N}]$/u.test(text.slice(0, i))) ? span(text, i) : null;
    if (!found) {
      plain += text[i++];
      continue;
    }
    if (plain) out.push({ t: "text", v: plain });
    plain = "";
    out.push(found.node);
    i = found.end;
  }
  if (plain) out.push({ t: "text", v: plain });
  return out;
}

function span(text, i) {
  if (text[i] === ":") return emojiAt(text, i);
  const rest = text.slice(i);
  for (const [pattern, build] of spans) {
    const m = pattern.exec(rest);
    if (m) return { node: build(m), end: i + m[0].length };
  }
  return null;
}
