// The panel's two sections about Slack's own settings: who is in this channel, and what the app may do.

import { $, h, fill } from "./dom.js";
import * as api from "./api.js";

/** role says in a word what a person is, "" for a plain member. */
export function role(u) {
  if (u.is_bot) return "app";
  if (u.team_id && u.team_id !== "T0SANDBOX") return "other company";
  if (u.is_ultra_restricted) return "single-channel guest";
  if (u.is_restricted) return "guest";
  return u.is_admin ? "admin" : "";
}

const press = (look, words, run, label) => h("button", { type: "button", class: look, "aria-label": label || null, onclick: run }, words);

let drawn = "";

/** showPlace draws who is in the channel, and what can be done to it. */
export function showPlace(state, channel, refresh) {
  const signature = JSON.stringify([channel, [...state.users.values()], state.me]);
  if (signature === drawn) return;
  drawn = signature;
  const box = $("place");
  box.hidden = !channel || channel.is_im;
  if (box.hidden) return;
  const act = async (change) => {
    const answer = await api.changeChannel({ name: channel.name, user: state.me, ...change });
    fill($("place-error"), answer.ok ? "" : `This did not work: ${answer.error}.`);
    refresh();
  };
  const out = new Set(channel.out || []);
  const inside = (u) => (u.is_bot ? channel.bot_member : !out.has(u.id));
  const person = (u) => {
    const name = u.real_name || u.name;
    const here = inside(u);
    const what = role(u);
    return h("li", { class: "member" + (here ? "" : " away") },
      h("span", { class: "member-name" }, name, what ? h("span", { class: "muted" }, " · " + what) : null, here ? null : h("span", { class: "muted" }, " · not here")),
      here ? press("tool", "Remove", () => act({ kick: [u.name] }), "Remove " + name) : press("tool", "Invite", () => act({ invite: [u.name] }), "Invite " + name));
  };
  fill($("place-title"), "#" + channel.name);
  fill($("place-members"), [...state.users.values()].map(person));
  fill($("place-acts"), press("button plain small", channel.is_archived ? "Unarchive" : "Archive", () => act({ archived: !channel.is_archived })));
}

/** newChannel wires the form that makes a channel. */
export function newChannel(state, refresh) {
  $("new-channel").addEventListener("submit", async (e) => {
    e.preventDefault();
    const name = $("new-channel-name").value.trim().replace(/^#/, "");
    if (!name) return;
    const answer = await api.changeChannel({ name, user: state.me });
    fill($("place-error"), answer.ok ? "" : `This did not work: ${answer.error}.`);
    if (answer.ok) $("new-channel-name").value = "";
    refresh(answer.channel?.id);
  });
}

let known = null; // what the sandbox says of settings once
let settled = "";

/** showApp draws what Slack lets the app do. */
export async function showApp(workspace, refresh) {
  const now = workspace.settings;
  if (!now) return;
  known ||= await api.settings();
  const signature = JSON.stringify([now, workspace.http]);
  if (signature === settled || !known.ok) return;
  settled = signature;
  const act = async (change) => {
    const answer = await api.changeSettings(change);
    fill($("app-error"), answer.ok ? "" : `This did not work: ${answer.error}.`);
    refresh();
  };
  const check = (words, on, run) => {
    const input = h("input", { type: "checkbox", checked: on });
    input.addEventListener("change", () => run(input.checked));
    return h("label", { class: "choice" }, input, h("span", {}, words));
  };
  const charts = !now.refused_blocks.includes("data_visualization");
  const others = now.refused_blocks.filter((b) => b !== "data_visualization");
  const urls = Object.values(workspace.http || {}).filter(Boolean);
  const open = $("app-scopes")?.open;
  const scopes = h("details", { id: "app-scopes", open }, h("summary", {}, `Scopes: ${now.scopes.length} of ${known.all_scopes.length}`),
    known.all_scopes.map((s) => check(s, now.scopes.includes(s), (on) => act({ scopes: known.all_scopes.filter((x) => (x === s ? on : now.scopes.includes(x))) }))));
  fill($("app-settings"),
    h("p", { class: "muted" }, urls.length ? `Requests are sent to ${[...new Set(urls)].join(", ")}.` : "Requests are sent over Socket Mode."),
    check("Rate limits are in force", now.rate_limits, (on) => act({ rate_limits: on })),
    check("The workspace takes charts (data_visualization)", charts, (on) => act({ refused_blocks: on ? others : [...others, "data_visualization"] })),
    scopes);
}
