// The left side and the three views that a phone shows one at a time.

import { $, h, fill, icon, remember, recall } from "./dom.js";
import { role } from "./place.js";

/** drawSidebar shows the workspace, its channels with what is unread, who looks, and the bot's connection. */
export function drawSidebar(state, { people, channels, open, become }) {
  const w = state.workspace;
  if (!w) return;
  fill($("team"), w.team || "Workspace");
  drawChannels(state, channels, open);
  drawPeople(state, people, become);
  const n = w.connections || 0;
  const byHTTP = Object.values(w.http || {}).some(Boolean);
  const words = byHTTP ? `${state.botName} reached by HTTP` : n > 0 ? `${state.botName} connected (${n} ${n === 1 ? "socket" : "sockets"})` : `${state.botName} not connected`;
  if ($("bot-words").textContent !== words) fill($("bot-words"), words);
  $("bot-state").classList.toggle("up", byHTTP || n > 0);
  const unread = [...state.unread].some(([id, count]) => id !== state.channel && count > 0);
  document.querySelector('[data-to="sidebar"]').classList.toggle("has-unread", unread);
}

function drawChannels(state, channels, open) {
  const list = $("channels");
  const focus = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  fill(list, channels.map((c) => {
    const unread = c.id === state.channel ? 0 : state.unread.get(c.id) || 0;
    const name = c.is_im ? state.botName : c.name;
    const count = unread ? h("span", { class: "count" }, unread > 99 ? "99+" : String(unread), h("span", { class: "visually-hidden" }, " unread")) : null;
    const attributes = { type: "button", class: "channel" + (unread ? " unread" : ""), "data-id": c.id, "aria-current": c.id === state.channel ? "page" : null };
    return h("li", { class: c.is_im ? "direct" : null }, h("button", { ...attributes, onclick: () => open(c.id) }, icon(c.is_im ? "pulse" : "hash"), h("span", { class: "channel-text" }, name, c.is_archived ? h("span", { class: "archived" }, " archived") : null), count));
  }));
  if (focus) list.querySelector(`[data-id="${CSS.escape(focus)}"]`)?.focus();
}

let known = "";

function drawPeople(state, people, become) {
  const select = $("who");
  const signature = JSON.stringify(people);
  if (signature !== known) {
    known = signature;
    const name = (u) => (u.real_name || u.name) + (role(u) && role(u) !== "admin" ? ` (${role(u)})` : "");
    fill(select, people.map((u) => h("option", { value: u.id }, name(u))));
    select.onchange = () => become(select.value);
  }
  if (select.value !== state.me) select.value = state.me;
}

/** showView is what a phone shows: "sidebar", "chat" or "panel". On a wide screen it changes nothing. */
export function showView(view) {
  document.body.dataset.view = view;
  for (const b of document.querySelectorAll("[data-to]")) b.setAttribute("aria-current", b.dataset.to === view ? "page" : "false");
}

const icons = { sidebar: "hash", chat: "chat", panel: "sliders" };
for (const b of document.querySelectorAll("[data-to]")) {
  b.prepend(icon(icons[b.dataset.to]));
  b.addEventListener("click", () => showView(b.dataset.to));
}
showView("chat");

const toggle = $("panel-toggle");
function panelShown(shown) {
  document.body.classList.toggle("no-panel", !shown);
  toggle.setAttribute("aria-expanded", String(shown));
  fill(toggle, icon("sliders"), shown ? "Hide controls" : "Controls");
}
toggle.addEventListener("click", () => {
  const shown = document.body.classList.contains("no-panel");
  panelShown(shown);
  remember("panel", shown ? "yes" : "no");
});
panelShown(recall("panel") !== "no");
