// Block Kit: one function per block type. A block that is not known is shown as such, never dropped,
// so that a message which Slack would show and the sandbox cannot is seen at once.

import { h, link } from "./dom.js";
import { mrkdwn, nodes, textObject } from "./inline.js";
import { chart } from "./chart.js";
import { element } from "./elements.js";
import { fold } from "./fold.js";
import { picture } from "./picture.js";
import { markdown as parseMarkdown } from "./markdown.js";
import { richText } from "./richtext.js";

const kinds = { section, header, divider, context, actions, image, rich_text: richText, table, data_table: dataTable, markdown, data_visualization: chart, input, alert, container };

/** block renders one block; ctx also carries {ts, channel} of its message for the live elements, and its place there, part. */
export function block(b, ctx) {
  const kind = b && kinds[b.type];
  if (!kind) return unsupported(b && b.type);
  return h("div", { class: "block block-" + b.type }, kind(b, ctx));
}

export function unsupported(type) {
  return h("div", { class: "unsupported" }, `unsupported block ${type || "without a type"}`);
}

function section(b, ctx) {
  const body = h("div", { class: "section-body" }, b.text ? fold(b, ctx, (text) => textObject({ ...b.text, text }, ctx)) : null);
  if (b.fields) body.append(h("div", { class: "fields" }, b.fields.map((f) => h("div", { class: "field" }, textObject(f, ctx)))));
  if (!b.accessory) return body;
  const side = h("div", { class: "accessory" }, element(b.accessory, b, ctx));
  return h("div", { class: "section-row" + (b.accessory.type === "image" ? " with-image" : "") }, body, side);
}

function header(b, ctx) {
  return h("h2", {}, textObject(b.text, ctx));
}

function divider() {
  return h("hr");
}

function context(b, ctx) {
  const one = (e) => (e.type === "image" ? element(e, b, ctx) : h("span", { class: "context-text" }, textObject(e, ctx)));
  return h("div", { class: "context" }, (b.elements || []).map(one));
}

function actions(b, ctx) {
  return h("div", { class: "actions" }, (b.elements || []).map((e) => element(e, b, ctx)));
}

function image(b, ctx) {
  const title = b.title ? h("figcaption", {}, textObject(b.title, ctx)) : null;
  return h("figure", {}, title, picture(b, "block-picture"));
}

/** input is a labelled field of a form; what is wrong with it is said under it, by views.js. */
function input(b, ctx) {
  const el = element(b.element, b, ctx);
  const optional = b.optional ? h("span", { class: "muted" }, " (optional)") : null;
  const hint = b.hint ? h("div", { class: "hint" }, textObject(b.hint, ctx)) : null;
  const group = el.matches("fieldset");
  const label = h(group ? "legend" : "label", { class: "input-label" }, textObject(b.label, ctx), optional);
  const place = h("div", { class: "input-error bad", role: "alert", "data-error": b.block_id || "" });
  if (group) {
    el.prepend(label);
    return h("div", { class: "input" }, el, hint, place);
  }
  el.id ||= "input-" + (b.block_id || Math.random().toString(36).slice(2));
  label.htmlFor = el.id;
  return h("div", { class: "input" }, label, el, hint, place);
}

function alert(b, ctx) {
  const words = { success: "Done", warning: "Warning", error: "Error" }[b.level];
  return h("div", { class: "alert alert-" + (b.level || "default") }, words ? h("strong", {}, words, ": ") : null, textObject(b.text, ctx));
}

function container(b, ctx) {
  const title = [b.title ? textObject(b.title, ctx) : b.rich_text_title ? richText(b.rich_text_title, ctx) : null, b.subtitle ? h("div", { class: "muted" }, textObject(b.subtitle, ctx)) : null];
  const body = (b.child_blocks || []).map((c) => block(c, ctx));
  if (b.is_collapsible) return h("details", { class: "container", open: !b.default_collapsed }, h("summary", {}, title), body);
  return h("div", { class: "container" }, h("div", { class: "container-title" }, title), body);
}

/** dataTable is a table with a caption and sorted rows in Slack; here its rows stand as they were sent. */
function dataTable(b, ctx) {
  return h("figure", {}, h("figcaption", {}, b.caption || ""), table(b, ctx));
}

function table(b, ctx) {
  const settings = b.column_settings || [];
  const align = (i) => (settings[i] && settings[i].align ? "align-" + settings[i].align : null);
  const cell = (tag, c, i) => h(tag, { class: [align(i) || (c && c.type === "raw_number" && "align-right"), short(c)].filter(Boolean).join(" ") || null, scope: tag === "th" ? "col" : null }, cellContent(c, b, ctx));
  const rows = b.rows || [];
  const head = rows.length > 1 ? h("thead", {}, h("tr", {}, rows[0].map((c, i) => cell("th", c, i)))) : null;
  const body = rows.slice(head ? 1 : 0).map((r) => h("tr", {}, r.map((c, i) => cell("td", c, i))));
  return scroller(h("table", {}, head, h("tbody", {}, body)));
}

/** A figure or a time must not break in the middle; longer cells may, so that a phone shows the table. */
const short = (c) => (c && c.text && String(c.text).length <= 10 ? "short" : "");

function cellContent(c, b, ctx) {
  if (!c) return "";
  if (c.type === "raw_number") return c.text || String(c.value);
  if (c.type === "action_cell") return element(c.element, b, ctx);
  if (c.type === "rich_text") return richText(c, ctx);
  return c.type === "mrkdwn" ? mrkdwn(c.text, ctx) : textObject({ type: "plain_text", text: c.text ?? "" }, ctx);
}

const scroller = (el) => h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "Table, scrolls sideways" }, el);

function markdown(b, ctx) {
  return h("div", { class: "markdown" }, parseMarkdown(b.text).map((n) => markdownNode(n, ctx)));
}

function markdownNode(n, ctx) {
  if (n.t === "heading") return h("h" + Math.min(6, n.level + 1), {}, nodes(n.c, ctx));
  if (n.t === "p") return h("p", {}, nodes(n.c, ctx));
  if (n.t === "rule") return h("hr");
  if (n.t === "quote") return h("blockquote", {}, n.c.map((c) => markdownNode(c, ctx)));
  if (n.t === "list") return h(n.ordered ? "ol" : "ul", {}, n.items.map((i) => h("li", { class: "depth-" + i.depth }, nodes(i.c, ctx))));
  if (n.t === "table") {
    const [first, ...rest] = n.rows;
    const row = (tag, r) => h("tr", {}, r.map((c) => h(tag, {}, nodes(c, ctx))));
    return scroller(h("table", {}, h("thead", {}, row("th", first)), h("tbody", {}, rest.map((r) => row("td", r)))));
  }
  return nodes([n], ctx)[0];
}

/** attachment renders a legacy attachment: the only place where Slack has a colour bar. */
export function attachment(a, ctx) {
  const named = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };
  const bar = h("div", { class: "attachment" });
  const color = named[a.color] || (/^#?[0-9a-f]{6}$/i.test(a.color || "") ? "#" + a.color.replace("#", "") : null);
  if (color) bar.style.borderLeftColor = color;
  const title = a.title ? h("div", { class: "attachment-title" }, a.title_link ? link(a.title_link, a.title) : a.title) : null;
  const fields = (a.fields || []).map((f) => h("div", { class: "field" }, h("strong", {}, f.title || ""), h("br"), mrkdwn(f.value || "", ctx)));
  const text = a.blocks && a.blocks.length ? null : a.text || a.fallback;
  bar.append(
    ...[
      a.pretext && h("div", {}, mrkdwn(a.pretext, ctx)),
      a.author_name && h("div", { class: "attachment-author" }, a.author_name),
      title,
      text && h("div", { class: "section-text" }, mrkdwn(text, ctx)),
      fields.length && h("div", { class: "fields" }, fields),
      ...(a.blocks || []).map((b) => block(b, ctx)),
      a.image_url && picture({ image_url: a.image_url, alt_text: a.fallback }, "block-picture"),
      a.footer && h("div", { class: "context" }, mrkdwn(a.footer, ctx)),
    ].filter(Boolean),
  );
  return bar;
}
