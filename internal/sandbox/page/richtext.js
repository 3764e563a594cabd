// The `rich_text` block: a structured text, nothing in it is parsed.

import { h, link } from "./dom.js";
import { mention, channelLink, broadcast, emojiNode, dateNode } from "./inline.js";

export function richText(block, ctx) {
  return h("div", { class: "rich" }, (block.elements || []).map((e) => part(e, ctx)));
}

function part(e, ctx) {
  switch (e.type) {
    case "rich_text_section":
      return h("div", { class: "rich-section" }, run(e.elements, ctx));
    case "rich_text_quote":
      return h("blockquote", {}, run(e.elements, ctx));
    case "rich_text_preformatted":
      return h("pre", { tabindex: "0" }, run(e.elements, ctx));
    case "rich_text_list": {
      const ordered = e.style === "ordered";
      const attributes = { class: `rich-list depth-${Math.min(e.indent || 0, 5)}`, start: ordered && e.offset ? e.offset + 1 : null };
      return h(ordered ? "ol" : "ul", attributes, (e.elements || []).map((li) => h("li", {}, run(li.elements, ctx))));
    }
    default:
      return h("div", { class: "unsupported" }, `unsupported rich text ${e.type}`);
  }
}

/** run renders the leaves of one section; a newline inside a text is a line break (CSS pre-wrap). */
export function run(elements, ctx) {
  return (elements || []).map((e) => styled(leaf(e, ctx), e.style));
}

function leaf(e, ctx) {
  switch (e.type) {
    case "text":
      return document.createTextNode(e.text ?? "");
    case "link":
      return link(e.url, e.text || e.url);
    case "emoji":
      return e.unicode && !e.name ? document.createTextNode(e.unicode) : emojiNode(e.name);
    case "user":
      return mention(ctx, e.user_id, "");
    case "channel":
      return channelLink(ctx, e.channel_id, "");
    case "usergroup":
      return h("span", { class: "mention" }, "@" + e.usergroup_id);
    case "broadcast":
      return broadcast(e.range);
    case "date":
      return dateNode(ctx, { unix: e.timestamp, format: e.format || "{date_short} {time}", url: e.url, fallback: e.fallback });
    case "color":
      return h("code", {}, e.value);
    default:
      return h("span", { class: "unsupported" }, `unsupported ${e.type}`);
  }
}

function styled(node, style) {
  if (!style) return node;
  let out = node;
  if (style.code) out = h("code", {}, out);
  if (style.bold) out = h("strong", {}, out);
  if (style.italic) out = h("em", {}, out);
  if (style.strike) out = h("s", {}, out);
  if (style.underline) out = h("u", {}, out);
  return out;
}
