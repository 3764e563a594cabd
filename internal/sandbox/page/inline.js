// From the tree of mrkdwn.js to DOM. ctx says who reads: {users, channels, me, tz, openChannel}.

import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { parse, plainText } from "./mrkdwn.js";
import { dateTokens, full } from "./dates.js";

const tags = { bold: "strong", italic: "em", strike: "s", quote: "blockquote" };

export const userName = (ctx, id, otherwise) => {
  const user = ctx.users.get(id);
  return (user && (user.real_name || user.name)) || otherwise || id;
};

export function mention(ctx, id, label) {
  const mine = id === ctx.me ? " mine" : "";
  return h("span", { class: "mention" + mine }, "@" + userName(ctx, id, label.replace(/^@/, "")));
}

export function channelLink(ctx, id, label) {
  const channel = ctx.channels.get(id);
  const name = "#" + ((channel && channel.name) || label || id);
  if (!channel) return h("span", { class: "mention" }, name);
  return h("button", { type: "button", class: "mention as-link", onclick: () => ctx.openChannel(id) }, name);
}

const groupName = (ctx, n) => "@" + (ctx.groups?.get(n.id)?.handle || n.label?.replace(/^@/, "") || "group");

export const broadcast = (name) => h("span", { class: "mention broadcast" }, "@" + name);

export function emojiNode(name, raw) {
  const char = emoji.get(name);
  if (!char) return document.createTextNode(raw || `:${name}:`);
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, char);
}

export function dateNode(ctx, { unix, format, url, fallback }) {
  const words = dateTokens(format, unix, ctx.tz, Date.now());
  if (words === null) return document.createTextNode(fallback || format);
  const time = h("time", { datetime: new Date(unix * 1000).toISOString(), title: full(unix * 1000, ctx.tz) }, words);
  if (/\{(ago|\w+_pretty)\}/.test(format)) Object.assign(time.dataset, { unix, format });
  return url ? link(url, time) : time;
}

/** refreshDates brings "today" and "3 minutes ago" up to the minute; other dates do not change. */
export function refreshDates(root, tz) {
  for (const el of root.querySelectorAll("time[data-format]")) {
    const words = dateTokens(el.dataset.format, Number(el.dataset.unix), tz, Date.now());
    if (el.textContent !== words) el.textContent = words;
  }
}

/** nodes renders a tree. */
export function nodes(tree, ctx) {
  return tree.map((n) => node(n, ctx));
}

function node(n, ctx) {
  switch (n.t) {
    case "text":
      return document.createTextNode(n.v);
    case "br":
      return h("br");
    case "code":
      return h("code", {}, n.v);
    case "pre":
      return h("pre", { tabindex: "0" }, n.v);
    case "link":
      return link(n.url, nodes(n.c, ctx));
    case "user":
      return mention(ctx, n.id, n.label);
    case "channel":
      return channelLink(ctx, n.id, n.label);
    case "group":
      return h("span", { class: "mention" }, groupName(ctx, n));
    case "broadcast":
      return broadcast(n.name);
    case "date":
      return dateNode(ctx, n);
    case "emoji":
      return emojiNode(n.name, n.raw);
    default:
      return h(tags[n.t] || "span", {}, nodes(n.c || [], ctx));
  }
}

export const mrkdwn = (text, ctx) => nodes(parse(text), ctx);

/** textObject renders Slack's {type: mrkdwn | plain_text, text}. */
export function textObject(object, ctx) {
  if (!object) return [];
  if (typeof object === "string") return mrkdwn(object, ctx);
  if (object.type === "mrkdwn") return mrkdwn(object.text, ctx);
  return nodes(plainText(object.text, object.emoji !== false), ctx);
}

/** words flattens a text to what a screen reader should say. */
export function words(text, ctx) {
  const box = document.createElement("div");
  box.append(...mrkdwn(text, ctx));
  return box.textContent;
}
