// The fields of Block Kit, on the browser's own controls: they are known to keyboards, screen readers and
// phones. A field calls changed(value, done); done is false while somebody types. Several values are a
// JSON array, so that a value may have a comma in it.

import { h } from "./dom.js";
import { textObject } from "./inline.js";

/** words is the plain text of a text object, for controls that hold no markup. */
const words = (t) => (t && typeof t === "object" ? t.text : t) || "";

const options = (e) => e.option_groups || [{ options: e.options || [] }];
const list = (value) => {
  try {
    return JSON.parse(value || "[]");
  } catch {
    return String(value).split(",").filter(Boolean);
  }
};

/** stateful says that an element holds a value, which a form sends. */
export const stateful = (e) => Boolean(e && fields[e.type]);

const people = (ctx) => [...ctx.users.values()].map((u) => ({ value: u.id, text: u.real_name || u.name }));
const places = (ctx) => [...ctx.channels.values()].filter((c) => !c.is_im && !c.is_archived).map((c) => ({ value: c.id, text: "#" + c.name }));

function choice(groups, value, e, changed) {
  const none = h("option", { value: "" }, words(e.placeholder) || "Choose an option");
  const one = (o) => h("option", { value: o.value, selected: o.value === value }, words(o.text));
  const boxes = groups.map((g) => (g.label ? h("optgroup", { label: words(g.label) }, g.options.map(one)) : g.options.map(one)));
  const el = h("select", { class: "field", "aria-label": words(e.placeholder) || null }, none, boxes);
  el.addEventListener("change", () => changed(el.value, true));
  return el;
}

/** several is a list of checkboxes: the browser's multiple select asks for keys that phones do not have. */
function several(groups, chosen, type, ctx, changed) {
  const name = "g" + Math.random().toString(36).slice(2);
  const box = h("fieldset", { class: "choices" });
  const now = () => [...box.querySelectorAll("input:checked")].map((i) => i.value);
  for (const g of groups) {
    if (g.label) box.append(h("div", { class: "menu-label" }, words(g.label)));
    for (const o of g.options) {
      const input = h("input", { type, name, value: o.value, checked: chosen.includes(o.value) });
      input.addEventListener("change", () => changed(type === "radio" ? input.value : JSON.stringify(now()), true));
      const note = o.description ? h("span", { class: "muted" }, textObject(o.description, ctx)) : null;
      box.append(h("label", { class: "choice" }, input, h("span", {}, typeof o.text === "string" ? o.text : textObject(o.text, ctx), note ? h("br") : null, note)));
    }
  }
  return box;
}

function typed(kind, e, value, changed) {
  const tag = e.multiline ? "textarea" : "input";
  const el = h(tag, {
    class: "field", type: e.multiline ? null : kind, rows: e.multiline ? 4 : null, placeholder: words(e.placeholder) || null, value: value ?? e.initial_value ?? "",
    step: kind === "number" && e.is_decimal_allowed ? "any" : null, autocomplete: "off",
  });
  el.addEventListener("input", () => changed(el.value, false));
  el.addEventListener("change", () => changed(el.value, true));
  return el;
}

function picked(kind, initial, e, ctx, changed) {
  const el = h("input", { class: "field", type: kind, value: ctx.value ?? initial ?? "", "aria-label": words(e.placeholder) || null });
  el.addEventListener("change", () => changed(el.value, true));
  return el;
}

/** moment is a date and a time in the browser's zone; Slack's value is in seconds. */
function moment(e, ctx, changed) {
  const shown = (s) => (s ? new Date(s * 1000 - new Date(s * 1000).getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "");
  const el = h("input", { class: "field", type: "datetime-local", value: shown(ctx.value ?? e.initial_date_time) });
  el.addEventListener("change", () => changed(el.value ? String(Math.floor(new Date(el.value).getTime() / 1000)) : "", true));
  return el;
}

const first = (e) => e.initial_option?.value ?? "";
const firsts = (e) => (e.initial_options || []).map((o) => o.value);
const one = (all, start) => (e, ctx, changed) => choice([{ options: all(ctx) }], ctx.value ?? start(e, ctx) ?? "", e, changed);
const many = (all, start) => (e, ctx, changed) => several([{ options: all(ctx) }], ctx.value === undefined ? start(e) || [] : list(ctx.value), "checkbox", ctx, changed);
const here = (e, ctx) => e.initial_conversation || (e.default_to_current_conversation ? ctx.channel : "");

/** fields :: type of an element -> what builds it. */
export const fields = {
  plain_text_input: (e, ctx, changed) => typed("text", e, ctx.value, changed),
  email_text_input: (e, ctx, changed) => typed("email", e, ctx.value, changed),
  url_text_input: (e, ctx, changed) => typed("url", e, ctx.value, changed),
  number_input: (e, ctx, changed) => typed("number", e, ctx.value, changed),
  static_select: (e, ctx, changed) => choice(options(e), ctx.value ?? first(e), e, changed),
  users_select: one(people, (e) => e.initial_user),
  channels_select: one(places, (e) => e.initial_channel),
  conversations_select: one(places, here),
  multi_static_select: (e, ctx, changed) => several(options(e), ctx.value === undefined ? firsts(e) : list(ctx.value), "checkbox", ctx, changed),
  multi_users_select: many(people, (e) => e.initial_users),
  multi_channels_select: many(places, (e) => e.initial_channels),
  multi_conversations_select: many(places, (e) => e.initial_conversations),
  checkboxes: (e, ctx, changed) => several(options(e), ctx.value === undefined ? firsts(e) : list(ctx.value), "checkbox", ctx, changed),
  radio_buttons: (e, ctx, changed) => several(options(e), [ctx.value ?? first(e)], "radio", ctx, changed),
  datepicker: (e, ctx, changed) => picked("date", e.initial_date, e, ctx, changed),
  timepicker: (e, ctx, changed) => picked("time", e.initial_time, e, ctx, changed),
  datetimepicker: moment,
};
