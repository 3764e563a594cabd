// The live parts of a message: buttons, selects, overflow menus. A press is sent at once; the element
// shows that it waits, and a failure is said under its block in the words Slack uses.

import { h, icon, link, fill, safeURL } from "./dom.js";
import { textObject } from "./inline.js";
import { picture } from "./picture.js";
import { openMenu } from "./menu.js";
import { confirmed } from "./dialog.js";
import { fields, stateful } from "./inputs.js";
import * as api from "./api.js";

const pending = new Set(); // :: key of an element -> its press is not answered yet
const picked = new Map(); // :: key of a menu whose options the app gives -> the option that was chosen, to show it
const kinds = { button, static_select: select, external_select: external, overflow, image };

/** element renders one Block Kit element of block b. In an input block it is a field of a form. */
export function element(e, b, ctx) {
  if (e && fields[e.type] && (b.type === "input" || !kinds[e.type])) return field(e, b, ctx);
  const kind = e && kinds[e.type];
  return kind ? kind(e, b, ctx) : h("span", { class: "unsupported" }, `unsupported element ${(e && e.type) || "without a type"}`);
}

function image(e) {
  return picture(e, "element-picture");
}

/**
 * blockOf is the block_id by which an element is told from another with its action_id, or "". An edit
 * gives blocks new ids, so that one is named only where it must be: what is pressed while the message
 * is edited would be found no more.
 */
const blockOf = (e, b, ctx) => (ctx.twice?.has(e.action_id) ? b.block_id || "" : "");

/** where says in which view or message an element stands. */
const where = (ctx) => (ctx.view ? { view_id: ctx.view } : { channel: ctx.channel, ts: ctx.ts });

/** live gives an interactive element its key, by which focus and waiting survive a new rendering. */
function live(el, e, b, ctx) {
  const key = [ctx.view || ctx.ts, blockOf(e, b, ctx), e.action_id || e.text?.text || e.type].join("|");
  el.dataset.key = key;
  wait(el, pending.has(key));
  return el;
}

function wait(el, on) {
  el.classList.toggle("pending", on);
  el.setAttribute("aria-busy", String(on));
}

/** field is an element that holds a value: kept for the form it stands in, and sent at once where the app asked for that. */
function field(e, b, ctx) {
  const key = `${b.block_id || ""}.${e.action_id || ""}`;
  const asks = b.type !== "input" || b.dispatch_action;
  const el = fields[e.type](e, { ...ctx, label: b.label, value: ctx.form?.get(key) }, (value, done) => {
    ctx.form?.set(key, value);
    if (asks && done) press(el, e, b, ctx, value);
  });
  return live(el, e, b, ctx);
}

function button(e, b, ctx) {
  const look = e.style === "primary" || e.style === "danger" ? e.style : "plain";
  const label = { class: "button " + look, "aria-label": e.accessibility_label };
  if (safeURL(e.url)) {
    const a = link(e.url, textObject(e.text, ctx));
    a.className = label.class;
    a.addEventListener("click", () => e.action_id && send(a, e, b, ctx, e.value));
    return live(a, e, b, ctx);
  }
  const el = h("button", { type: "button", ...label, onclick: () => press(el, e, b, ctx, e.value) }, textObject(e.text, ctx));
  return live(el, e, b, ctx);
}

function select(e, b, ctx) {
  const groups = e.option_groups || [{ options: e.options || [] }];
  const shown = e.initial_option ? e.initial_option.text : e.placeholder || { type: "plain_text", text: "Choose an option" };
  const text = h("span", { class: "select-text" }, textObject(shown, ctx));
  const el = h("button", { type: "button", class: "button plain select", "aria-haspopup": "menu", "aria-expanded": "false" }, text, icon("down"));
  el.addEventListener("click", () =>
    openMenu(el, groups, ctx, (option) => {
      fill(text, textObject(option.text, ctx));
      if (stateful(e)) ctx.form?.set(`${b.block_id || ""}.${e.action_id || ""}`, option.value);
      press(el, e, b, ctx, option.value);
    }),
  );
  return live(el, e, b, ctx);
}

const minQuery = 3; // characters for which Slack waits where the element does not say

/** external is a menu whose options the app gives while a person types. */
function external(e, b, ctx) {
  const text = h("span", { class: "select-text" });
  const el = h("button", { type: "button", class: "button plain select", "aria-haspopup": "dialog", "aria-expanded": "false" }, text, icon("down"));
  live(el, e, b, ctx);
  const { key } = el.dataset;
  const show = () => fill(text, textObject((picked.get(key) || e.initial_option)?.text || e.placeholder || { type: "plain_text", text: "Choose an option" }, ctx));
  const search = async (query) => {
    const least = e.min_query_length ?? minQuery;
    if ([...query].length < least) return { note: `Type at least ${least} characters` };
    const a = await api.suggest({ ...where(ctx), user: ctx.me, action_id: e.action_id || "", block_id: blockOf(e, b, ctx), query });
    if (!a.ok || a.error || a.acked === false) return { note: failure(a) };
    return { groups: a.option_groups || [{ options: a.options }], note: a.options.length ? "" : "No results" };
  };
  el.addEventListener("click", () =>
    openMenu(el, [], ctx, (option) => {
      picked.set(key, option);
      show();
      ctx.form?.set(`${b.block_id || ""}.${e.action_id || ""}`, option.value);
      if (b.type !== "input" || b.dispatch_action) press(el, e, b, ctx, option.value);
    }, search),
  );
  show();
  return el;
}

function overflow(e, b, ctx) {
  const label = e.accessibility_label || "More actions";
  const el = h("button", { type: "button", class: "button plain square", "aria-label": label, title: label, "aria-haspopup": "menu", "aria-expanded": "false" }, icon("dots"));
  el.addEventListener("click", () =>
    openMenu(el, [{ options: e.options || [] }], ctx, (option) => {
      if (safeURL(option.url)) window.open(option.url, "_blank", "noopener,noreferrer");
      press(el, e, b, ctx, option.value);
    }),
  );
  return live(el, e, b, ctx);
}

async function press(el, e, b, ctx, value) {
  if (pending.has(el.dataset.key)) return;
  if (e.confirm && !(await confirmed(e.confirm, ctx))) return;
  send(el, e, b, ctx, value);
}

async function send(el, e, b, ctx, value) {
  const { key } = el.dataset;
  pending.add(key);
  mark(key);
  say(el, "");
  const values = ctx.view ? { values: Object.fromEntries(ctx.form || []) } : {};
  const body = { ...where(ctx), ...values, user: ctx.me, action_id: e.action_id || "", block_id: blockOf(e, b, ctx), value };
  const answer = await api.action(body);
  pending.delete(key);
  const now = mark(key) || el;
  if (!answer.ok || answer.error || answer.acked === false) say(now, answer.told || failure(answer));
}

/** mark shows the waiting on every rendering of the element and returns the newest of them. */
function mark(key) {
  const all = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  all.forEach((el) => wait(el, pending.has(key)));
  return all[0];
}

/** failure words an answer that is not an ack; codes of Slack are quoted, sentences are kept. */
export function failure(answer) {
  const error = answer.error || "operation_timeout";
  if (/\s/.test(error)) return error;
  return `This didn’t work: the app failed with the error “${error}”.`;
}

function say(el, text) {
  const block = el.closest(".block");
  block?.querySelectorAll(":scope > .notice").forEach((old) => old.remove());
  if (block && text) block.append(h("div", { class: "notice", role: "alert" }, icon("warn"), text));
}
