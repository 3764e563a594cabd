// The middle of the page: a list keyed by ts. Of a message that changed only the changed blocks are
// replaced, so that focus, an open menu and a person's place stay where they are.

import { h, fill, icon } from "./dom.js";
import { mrkdwn, userName, emojiNode, words } from "./inline.js";
import { block, attachment } from "./blocks.js";
import { fileCard } from "./files.js";
import { openMenu } from "./menu.js";
import * as api from "./api.js";
import { clock, clockSeconds, dayName, full, parts } from "./dates.js";

const compactWithin = 5 * 60 * 1000; // ms between two messages of one author that share a head, as in Slack

const few = 3; // replies that are shown without being asked for; Slack shows none

/**
 * order puts each thread's replies under its root, while it is open: as it was left, or with few replies. A reply that was
 * sent to the channel stands there, too; one whose root is not shown stands by itself.
 */
export function order(messages, threads = new Map()) {
  messages = messages.filter((m) => !m.deleted);
  const roots = new Map(messages.filter((m) => !m.thread_ts || m.thread_ts === m.ts).map((m) => [m.ts, m]));
  const replies = new Map(); // :: root ts -> replies, oldest first
  const isReply = (m) => m.thread_ts && m.thread_ts !== m.ts && roots.has(m.thread_ts);
  for (const m of messages) if (isReply(m)) replies.set(m.thread_ts, [...(replies.get(m.thread_ts) || []), m]);
  const out = [];
  for (const m of messages) {
    if (isReply(m)) {
      if (m.reply_broadcast) out.push({ m, reply: false, of: roots.get(m.thread_ts) });
      continue;
    }
    const under = replies.get(m.ts) || [];
    const open = threads.get(m.ts) ?? under.length <= few;
    out.push({ m, reply: Boolean(m.thread_ts && m.thread_ts !== m.ts), under, open });
    if (open) for (const r of under) out.push({ m: r, reply: true });
  }
  return out;
}

export const millis = (m) => Number(m.ts) * 1000 || Date.parse(m.posted_at) || Date.now();

/** author names who wrote it: a person, the bot under its name, or Slack itself. */
function author(m, ctx) {
  if (m.error) return { name: "Slackbot", kind: "slackbot" };
  const user = ctx.users.get(m.user);
  const bot = Boolean(m.bot_id || (user && user.is_bot));
  return { name: (bot ? m.username : userName(ctx, m.user, m.username)) || ctx.botName, kind: bot ? "bot" : "person", id: m.user || m.bot_id };
}

/** render brings list up to date with messages and returns the messages that are new in it. */
export function render(list, messages, ctx) {
  const old = new Map([...list.children].map((el) => [el.dataset.key, el]));
  const now = Date.now();
  const wanted = [];
  const fresh = [];
  let day = null;
  let before = null;
  for (const { m, reply, of, under = [], open } of order(messages, ctx.threads)) {
    const ms = millis(m);
    const dayNumber = parts(ms, ctx.tz).dayNumber;
    if (!reply && dayNumber !== day) {
      wanted.push(divider(old, dayNumber, dayName(ms, ctx.tz, now)));
      day = dayNumber;
      before = null;
    }
    const who = author(m, ctx);
    const compact = Boolean(before && before.who.name === who.name && before.reply === reply && ms - before.ms < compactWithin && !m.ephemeral && !m.error && !m.pinned && !of && !before.special);
    before = { who, ms, reply, special: m.ephemeral || m.error };
    const key = (of ? "c" : "m") + m.ts;
    const found = old.get(key);
    if (!found && !(reply && m.reply_broadcast)) fresh.push(m);
    const thread = under.length ? { count: under.length, last: millis(under.at(-1)), open } : null;
    wanted.push(update(found || shell(key), m, who, { compact, reply, of: of && of.text, thread }, ctx));
  }
  patch(list, wanted);
  return fresh;
}

function divider(old, number, name) {
  const key = "day" + number;
  const el = old.get(key) || h("li", { class: "day", "data-key": key }, h("span", {}));
  if (el.firstChild.textContent !== name) el.firstChild.textContent = name;
  return el;
}

/** patch moves only what is out of place: a node that is moved loses its focus. */
export function patch(parent, wanted) {
  const keep = new Set(wanted);
  for (const el of [...parent.children]) if (!keep.has(el)) el.remove();
  wanted.forEach((el, i) => parent.children[i] !== el && parent.insertBefore(el, parent.children[i] || null));
}

function shell(key) {
  const body = h("div", { class: "message-body" }, h("div", { class: "message-head" }), h("div", { class: "message-content" }), h("div", { class: "message-foot" }));
  return h("li", { class: "message", "data-key": key }, h("div", { class: "gutter" }), body);
}

function update(el, m, who, shape, ctx) {
  const signature = JSON.stringify([m, who, shape, ctx.version]);
  if (el.signature === signature) return el;
  el.signature = signature;
  const ms = millis(m);
  el.className = ["message", who.kind, shape.compact && "compact", shape.reply && "reply", m.pinned && "pinned", m.ephemeral && "ephemeral", m.error && "failed"].filter(Boolean).join(" ");
  const [gutter, body] = el.children;
  const [head, content, foot] = body.children;
  const time = h("time", { datetime: new Date(ms).toISOString(), title: full(ms, ctx.tz) }, clock(ms, ctx.tz));
  fill(gutter, shape.compact ? time.cloneNode(true) : avatar(who));
  fill(head, note(m), pinned(m, ctx), shape.compact ? h("span", { class: "visually-hidden" }, who.name, " ", time) : [h("strong", { class: "name" }, who.name), who.kind === "bot" ? h("span", { class: "badge" }, "APP") : null, time], replied(shape, m, ctx));
  contents(content, m, { ...ctx, ts: m.ts, twice: twice(m) });
  fill(foot, reactions(m, ctx), threadBar(shape, m, ctx), shape.of === undefined ? broadcast(m) : null, edited(m, ctx), pings(m, ctx), tools(m, who, ctx));
  return el;
}

function note(m) {
  return m.ephemeral || m.error ? h("div", { class: "only-you" }, icon("eye"), "Only visible to you") : null;
}

/** pinned stands above a pinned message, as in Slack. */
function pinned(m, ctx) {
  return m.pinned ? h("div", { class: "only-you" }, icon("pin"), `Pinned by ${ctx.botName}`) : null;
}

const begin = 60; // characters of a thread's first message in a line about it

/** replied stands above a reply that is shown in the channel, and leads to its thread. */
function replied(shape, m, ctx) {
  if (shape.of === undefined) return null;
  const text = shape.of.length > begin ? shape.of.slice(0, begin) + "…" : shape.of;
  const go = h("button", { type: "button", class: "thread-of", onclick: () => ctx.showThread(m.thread_ts) }, text);
  return h("div", { class: "only-you" }, icon("reply"), h("span", { class: "thread-line" }, "replied to a thread: ", go));
}

/** threadBar says how many replies a message has, and shows or hides them. */
function threadBar(shape, m, ctx) {
  const t = shape.thread;
  if (!t || (t.open && t.count <= few)) return null;
  const words = [h("strong", {}, `${t.count} ${t.count === 1 ? "reply" : "replies"}`), ` last ${clock(t.last, ctx.tz)} · ${t.open ? "hide the thread" : "view the thread"}`];
  return h("button", { type: "button", class: "thread-toggle", "aria-expanded": String(t.open), "data-key": "thread " + m.ts, onclick: () => ctx.showThread(m.ts, !t.open) }, words);
}

/** twice names the actions that several elements of a message have. */
export function twice(m) {
  const once = new Set();
  const more = new Set();
  JSON.stringify([m.blocks, m.attachments], (key, value) => {
    if (key === "action_id") (once.has(value) ? more : once).add(value);
    return value;
  });
  return more;
}

/** contents replaces only the parts whose JSON changed, and gives focus back to the same element. */
function contents(box, m, ctx) {
  const items = [];
  const blocks = m.blocks || [];
  if (!blocks.length && m.text) items.push(["text", m.text, () => h("div", { class: "block" }, mrkdwn(m.text, ctx))]);
  blocks.forEach((b, i) => items.push([b.block_id || "b" + i, b, () => block(b, { ...ctx, part: i })]));
  (m.files || []).forEach((id) => items.push(["f" + id, id, () => fileCard(id)]));
  (m.attachments || []).forEach((a, i) => items.push(["a" + i, a, () => attachment(a, ctx)]));
  const old = new Map([...box.children].map((el) => [el.partKey, el]));
  const focus = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const wanted = items.map(([key, data, build]) => {
    const signature = JSON.stringify([data, ctx.version]);
    const found = old.get(key);
    if (found && found.signature === signature) return found;
    const el = build();
    el.partKey = key;
    el.signature = signature;
    return el;
  });
  patch(box, wanted);
  if (focus && !box.contains(document.activeElement)) box.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

function edited(m, ctx) {
  const last = (m.edited_at || []).at(-1);
  if (!last) return null;
  const at = clockSeconds(Date.parse(last), ctx.tz);
  // Slack shows no mark on an edited message with blocks; here a person wants to see that it lives.
  const text = (m.blocks || []).length ? `updated ${at}` : `(edited ${at})`;
  return h("span", { class: "edited", title: `${m.edited_at.length} times since it was posted` }, text);
}

const quick = ["+1", "eyes", "white_check_mark", "fire", "tada", "thinking_face"]; // emoji that the little menu offers

function reactions(m, ctx) {
  if (!(m.reactions || []).length) return null;
  const one = (r) => {
    const mine = (r.users || []).includes(ctx.me);
    const who = (r.users || []).map((id) => userName(ctx, id)).join(", ");
    const press = () => api.reaction(ctx.channel, ctx.me, m.ts, r.name, mine);
    return h("button", { type: "button", class: "reaction", "aria-pressed": String(mine), title: who, "aria-label": `${r.name.replaceAll("_", " ")}, ${r.count ?? 1}: ${who}`, onclick: press }, emojiNode(r.name.replace(/::skin-tone-\d/, "")), " ", String(r.count ?? 1));
  };
  return h("div", { class: "reactions" }, m.reactions.map(one));
}

const broadcast = (m) => (m.reply_broadcast ? h("span", { class: "edited" }, "also sent to the channel") : null);

/** tools are what a person can do with a message: react to it, and answer in its thread. */
function tools(m, who, ctx) {
  if (m.ephemeral || m.error || !ctx.replyTo) return null;
  const react = h("button", { type: "button", class: "tool", "aria-label": "React", title: "React", "aria-haspopup": "menu", "aria-expanded": "false", "data-key": "react " + m.ts }, icon("smile"));
  react.addEventListener("click", () => {
    const groups = [{ options: quick.map((value) => ({ value, text: { type: "mrkdwn", text: `:${value}: ${value.replaceAll("_", " ")}` } })) }];
    openMenu(react, groups, ctx, (o) => api.reaction(ctx.channel, ctx.me, m.ts, o.value, false));
  });
  const reply = h("button", { type: "button", class: "tool", "data-key": "reply " + m.ts, onclick: () => ctx.replyTo(m.thread_ts || m.ts, who.name, m.text) }, icon("reply"), "Reply");
  const offered = m.ephemeral ? [] : ctx.workspace?.shortcuts || [];
  const more = offered.length ? h("button", { type: "button", class: "tool", "aria-haspopup": "menu", "aria-expanded": "false", "data-key": "more " + m.ts }, "More") : null;
  more?.addEventListener("click", () => {
    const options = offered.map((s) => ({ text: { type: "plain_text", text: s.name }, value: s.callback_id }));
    openMenu(more, [{ options }], ctx, (o) => api.shortcut(ctx.channel, ctx.me, m.ts, o.value));
  });
  return h("span", { class: "tools" }, react, reply, more);
}

/** pings says whom the message notified: a status bot should do that rarely, so it is worth seeing. */
function pings(m, ctx) {
  const p = m.pings || {};
  const list = [...(p.users || []).map((id) => userName(ctx, id)), ...["here", "channel", "everyone"].filter((k) => p[k]).map((k) => "@" + k)];
  return list.length ? h("span", { class: "edited" }, "notified " + list.join(", ")) : null;
}

const palette = 8; // avatar-0 ... avatar-7 in the stylesheet

export function avatar(who) {
  if (who.kind === "bot") return h("span", { class: "avatar bot", "aria-hidden": "true" }, icon("pulse"));
  if (who.kind === "slackbot") return h("span", { class: "avatar slackbot", "aria-hidden": "true" }, icon("warn"));
  const letters = who.name.split(/\s+/).map((w) => w[0] || "").join("").slice(0, 2).toUpperCase();
  const hue = [...String(who.id || who.name)].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 997, 7) % palette;
  return h("span", { class: `avatar avatar-${hue}`, "aria-hidden": "true" }, letters);
}

/** spoken is one message in a sentence, for the live region. */
export function spoken(m, ctx) {
  return `${author(m, ctx).name}: ${words(m.text || "a message without text", ctx)}`;
}
