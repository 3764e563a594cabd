// Slack's mrkdwn as a tree. Pure: text in, nodes out, no DOM, so that it is tested without a browser.
// A node is {t, ...}: text{v} br code{v} pre{v} bold|italic|strike|quote{c} link{url,c} user{id,label}
// channel{id,label} group{label} broadcast{name} date{unix,format,url,fallback} emoji{name}.

const styles = { "*": "bold", _: "italic", "~": "strike" };
const word = /[\p{L}\p{N}]/u;
const space = /\s/;

/** unescape undoes the only three entities of Slack; it runs once, so "&amp;lt;" stays "&lt;". */
export function unescape(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

/** parse reads a whole mrkdwn text: fenced code, quotes, then inline marks. */
export function parse(text) {
  const out = [];
  const fences = String(text ?? "").replace(/\r\n?/g, "\n").split("```");
  // An odd number of pieces means that every fence is closed; the last fence of an even number is text.
  if (fences.length % 2 === 0) fences.push(fences.splice(-2).join("```"));
  fences.forEach((piece, i) => {
    if (i % 2 === 1) return out.push({ t: "pre", v: unescape(stripLinks(piece)).replace(/^\n|\n$/g, "") });
    if (i > 0) piece = piece.replace(/^\n/, "");
    if (i < fences.length - 1) piece = piece.replace(/\n$/, "");
    if (piece !== "") out.push(...lines(piece));
  });
  return out;
}

/** In code Slack shows a link's own text or address, not its brackets. */
function stripLinks(text) {
  return text.replace(/<([^<>|\s]+)(?:\|([^<>]*))?>/g, (all, target, label) => (/^(https?:|mailto:)/.test(target) ? label || target : all));
}

function lines(text) {
  const out = [];
  let quote = null;
  let rest = false; // after ">>>" everything is quoted
  let fresh = true; // nothing on this line yet: no break needed
  for (const line of text.split("\n")) {
    const m = rest ? null : /^(?:&gt;|>)(&gt;&gt;|>>)? ?(.*)$/s.exec(line);
    if (m || rest) {
      if (!quote) out.push((quote = { t: "quote", c: [] }));
      else quote.c.push({ t: "br" });
      quote.c.push(...inline(m ? m[2] : line));
      rest = rest || Boolean(m && m[1]);
      fresh = true;
      continue;
    }
    quote = null;
    if (!fresh) out.push({ t: "br" });
    out.push(...inline(line));
    fresh = false;
  }
  return out;
}

/** inline reads one line. */
export function inline(text) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain) out.push(...autolink(plain));
    plain = "";
  };
  for (let i = 0; i < text.length; ) {
    const found = at(text, i);
    if (!found) {
      plain += text[i++];
      continue;
    }
    flush();
    out.push(found.node);
    i = found.end;
  }
  flush();
  return out;
}

/** at returns the node that starts at i and where it ends, or null when text[i] is plain. */
function at(text, i) {
  const c = text[i];
  if (c === "<") return bracket(text, i);
  if (c === ":") return emojiAt(text, i);
  if (c === "`") {
    const end = text.indexOf("`", i + 1);
    if (end <= i + 1) return null;
    return { node: { t: "code", v: unescape(stripLinks(text.slice(i + 1, end))) }, end: end + 1 };
  }
  if (styles[c] && !(i > 0 && (word.test(text[i - 1]) || text[i - 1] === c))) {
    const end = closing(text, i, c);
    if (end > 0) return { node: { t: styles[c], c: inline(text.slice(i + 1, end)) }, end: end + 1 };
  }
  return null;
}

/** closing finds the mark that ends a style opened at i, looking past code and brackets; -1 if none. */
function closing(text, i, mark) {
  if (i + 1 >= text.length || space.test(text[i + 1]) || text[i + 1] === mark) return -1;
  for (let k = i + 1; k < text.length; k++) {
    if (text[k] === "<" || text[k] === "`") {
      const skip = text.indexOf(text[k] === "<" ? ">" : "`", k + 1);
      if (skip > 0) k = skip;
      continue;
    }
    if (text[k] !== mark || space.test(text[k - 1])) continue;
    if (k + 1 < text.length && (word.test(text[k + 1]) || text[k + 1] === mark)) continue;
    return k;
  }
  return -1;
}

export function emojiAt(text, i) {
  // A name has a letter, so that 10:05:12 is a time.
  const m = /^:([+-]1|100|[0-9_+'-]*[a-z][a-z0-9_+'-]*)(?:::skin-tone-[2-6])?:/.exec(text.slice(i, i + 80));
  return m && { node: { t: "emoji", name: m[1], raw: m[0] }, end: i + m[0].length };
}

/** bracket reads <...>: a mention, a channel, a special word, a date or a link. */
function bracket(text, i) {
  const end = text.indexOf(">", i);
  if (end < 0) return null;
  const inner = text.slice(i + 1, end);
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inner.slice(bar + 1));
  const node = bracketNode(target, label);
  return node && { node, end: end + 1 };
}

function bracketNode(target, label) {
  const id = target.slice(1);
  if (/^@[UWB][A-Z0-9]+$/.test(target)) return { t: "user", id, label };
  if (/^#[CGD][A-Z0-9]+$/.test(target)) return { t: "channel", id, label };
  const special = /^!(here|channel|everyone)$/.exec(target);
  if (special) return { t: "broadcast", name: special[1] };
  if (target.startsWith("!subteam^")) return { t: "group", id: target.slice(9), label };
  const date = /^!date\^(-?\d+)\^([^^]*)(?:\^(.*))?$/s.exec(target);
  if (date) return { t: "date", unix: Number(date[1]), format: unescape(date[2]), url: unescape(date[3] || ""), fallback: label };
  if (/^(https?:\/\/|mailto:|tel:)\S+$/i.test(target)) {
    const url = unescape(target);
    return { t: "link", url, c: plainText(label || url.replace(/^(mailto|tel):/i, "")) };
  }
  return null;
}

/** autolink marks bare addresses, as Slack does in messages, and undoes the entities of plain text. */
function autolink(plain) {
  const out = [];
  let from = 0;
  for (const m of plain.matchAll(/https?:\/\/[^\s<>]+/g)) {
    const url = m[0].replace(/(?:[.,;:!?)\]'"]|&gt;|&lt;)+$/, "");
    if (m.index > from) out.push({ t: "text", v: unescape(plain.slice(from, m.index)) });
    out.push({ t: "link", url: unescape(url), c: [{ t: "text", v: unescape(url) }] });
    from = m.index + url.length;
  }
  if (from < plain.length) out.push({ t: "text", v: unescape(plain.slice(from)) });
  return out;
}

/** plainText is the tree of a plain_text object: emoji and line breaks only. */
export function plainText(text, emoji = true) {
  const out = [];
  let run = "";
  const flush = () => run && (out.push({ t: "text", v: run }), (run = ""));
  const all = String(text ?? "");
  for (let i = 0; i < all.length; ) {
    const found = emoji && all[i] === ":" ? emojiAt(all, i) : null;
    if (all[i] !== "\n" && !found) {
      run += all[i++];
      continue;
    }
    flush();
    out.push(found ? found.node : { t: "br" });
    i = found ? found.end : i + 1;
  }
  flush();
  return out;
}
