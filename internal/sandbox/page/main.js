// The page's wiring: one state, one way from the server's answers to the screen. What is drawn where
// is in the other files; this one decides when.

import { $, h, fill, icon, remember, recall } from "./dom.js";
import * as api from "./api.js";
import * as composer from "./composer.js";
import * as messages from "./messages.js";
import * as panel from "./panel.js";
import * as place from "./place.js";
import * as views from "./views.js";
import { refreshDates } from "./inline.js";
import { drawSidebar, showView } from "./sidebar.js";

const state = {
  workspace: null,
  users: new Map(), // :: id -> user
  channels: new Map(), // :: id -> channel
  groups: new Map(), // :: id -> user group
  channel: "", // id of the shown channel
  me: "", // id of the person looking
  tz: "UTC",
  commands: [],
  botName: "statusbot",
  unread: new Map(), // :: channel id -> count
  waiting: 0, // messages under the edge of the screen
  threads: new Map(), // :: ts of a thread's first message -> whether its replies are shown, where a person chose
  tab: "messages", // of the app's conversation: home or messages
};

const near = 80; // px from the bottom that still count as being at the bottom
const minute = 60000; // ms between two looks at dates that are relative to now
const calm = 60; // ms: changes that come together are fetched together

const context = () => ({ ...state, openChannel: open, replyTo, showThread, version: [state.me, state.workspace?.users?.length, state.workspace?.channels?.length].join() });

// ---- workspace ----

async function loadWorkspace() {
  const w = await api.workspace();
  if (!w.ok) return reach(false);
  state.workspace = w;
  state.users = new Map((w.users || []).map((u) => [u.id, u]));
  state.channels = new Map((w.channels || []).map((c) => [c.id, c]));
  state.groups = new Map((w.groups || []).map((g) => [g.id, g]));
  state.commands = w.commands || [];
  state.botName = w.bot?.name || "statusbot";
  if (!state.users.has(state.me)) choose(wantedUser());
  if (!visibleChannels().some((c) => c.id === state.channel)) state.channel = wantedChannel();
  const main = state.commands.includes("/status") ? "/status" : state.commands[0];
  line.chips(main ? [main, main + " help", main + " start"] : []);
  panel.showFaults(w.fault, () => state.tz, loadWorkspace);
  place.showApp(w, loadWorkspace);
  company.show((w.mounts || []).includes("/demo/"));
  draw();
}

const people = () => [...state.users.values()].filter((u) => !u.is_bot);

/** Channels, then the conversation with the bot; before its first message that has a name only, "@statusbot". */
function visibleChannels() {
  const all = [...state.channels.values()];
  const mine = (c) => !c.is_im && !(c.out || []).includes(state.me);
  const own = all.filter((c) => c.is_im && c.user === state.me);
  const toBe = { id: "@" + state.botName, name: state.botName, is_im: true, user: state.me };
  return [...all.filter((c) => mine(c) && !c.is_archived), ...all.filter((c) => mine(c) && c.is_archived), ...(own.length ? own : [toBe])];
}

const channelNow = () => visibleChannels().find((c) => c.id === state.channel);

function wantedUser() {
  const name = new URLSearchParams(location.search).get("user") || recall("user");
  return people().find((u) => u.name === name || u.id === name) || people()[0];
}

function wantedChannel() {
  let name = location.hash.slice(1);
  try {
    name = decodeURIComponent(name);
  } catch {
    // a broken escape names no channel
  }
  const all = visibleChannels();
  const found = all.find((c) => (c.is_im ? name === "@" + state.botName : c.name === name) || c.id === name) || all.find((c) => /incident/.test(c.name)) || all[0];
  return found ? found.id : "";
}

function choose(user) {
  if (!user) return;
  state.me = user.id;
  state.tz = user.tz || "UTC";
  remember("user", user.name);
}

function become(id) {
  choose(state.users.get(id));
  const url = new URL(location.href);
  url.searchParams.set("user", state.users.get(id).name);
  window.history.replaceState(null, "", url);
  if (!visibleChannels().some((c) => c.id === state.channel)) state.channel = visibleChannels()[0]?.id || "";
  shown = "";
  draw();
  company.redraw();
  loadMessages();
  screen.load();
  countUnread();
}

function open(id) {
  showView("chat");
  const channel = visibleChannels().find((c) => c.id === id);
  if (!channel || id === state.channel) return;
  state.channel = id;
  state.tab = "messages";
  line.leave();
  const hash = "#" + encodeURIComponent(channel.is_im ? "@" + state.botName : channel.name);
  if (location.hash !== hash) window.history.pushState(null, "", hash);
  shown = "";
  draw();
  loadMessages();
}

function draw() {
  const c = channelNow();
  const me = state.users.get(state.me);
  const name = c ? (c.is_im ? state.botName : "#" + c.name) : "";
  fill($("channel-name"), name);
  fill($("you-are"), me ? ["You are ", h("strong", {}, me.real_name || me.name), h("span", { class: "you-zone" }, " · " + (me.tz || "UTC").replaceAll("_", " "))] : "");
  document.title = `${name} · ${state.workspace?.team || "Sandbox"}`;
  line.label(name ? `Message ${name}` : "Message");
  place.showPlace(state, c, loadWorkspace);
  drawTabs(Boolean(c && c.is_im));
  drawSidebar(state, { people: people(), channels: visibleChannels(), open, become });
}

/** drawTabs shows the app's conversation as its home or its messages; other channels have messages only. */
function drawTabs(app) {
  const home = app && state.tab === "home";
  $("app-tabs").hidden = !app;
  $("home").hidden = !home;
  scroller().hidden = home;
  document.querySelector(".composer-area").hidden = home;
  for (const tab of ["home", "messages"]) {
    $("tab-" + tab).setAttribute("aria-selected", String(tab === state.tab));
    $("tab-" + tab).tabIndex = tab === state.tab ? 0 : -1;
  }
}

function showTab(tab) {
  state.tab = tab;
  draw();
  if (tab === "home") screen.openHome();
  else toBottom();
}

function replyTo(ts, name, text) {
  line.reply(ts, name, text);
}

/** showThread shows or hides the replies to a message; shown from afar it comes into view. */
async function showThread(ts, open = true) {
  state.threads.set(ts, open);
  const bottom = stick;
  stick = false;
  await loadMessages({ quiet: true });
  document.querySelector(`[data-key="m${CSS.escape(ts)}"]`)?.scrollIntoView({ block: "nearest" });
  stick = bottom && atBottom();
}

// ---- messages ----

let shown = ""; // channel and person whose messages are in the list
let asked = 0; // the newest request; an older answer is dropped

async function loadMessages({ quiet = false } = {}) {
  if (!state.channel) return;
  const mine = ++asked;
  let key = state.channel + state.me;
  const answer = await api.messages(state.channel, state.me);
  if (mine !== asked || key !== state.channel + state.me) return;
  reach(answer.ok || !answer.unreachable);
  if (!answer.ok) return;
  if (answer.channel && answer.channel.id !== state.channel) {
    state.channel = answer.channel.id; // "@statusbot" has become a real conversation
    key = state.channel + state.me;
    state.channels.set(answer.channel.id, answer.channel);
    draw();
  }
  const first = shown !== key;
  if (first) $("messages").replaceChildren();
  const bottom = first || atBottom();
  const list = answer.messages || [];
  const fresh = messages.render($("messages"), list, context());
  shown = key;
  const empty = !list.length;
  $("empty").hidden = !empty;
  if (empty) fill($("empty"), "Nothing here yet. Write something, or ask the bot.");
  if (!first && !quiet && fresh.length) announce(fresh); // an edit says nothing, and does not cut a sentence short
  const others = fresh.filter((m) => m.user !== state.me);
  if (bottom || fresh.some((m) => m.user === state.me)) toBottom();
  else if (!quiet && others.length) pill(state.waiting + others.length);
  if (!document.hidden) seen(state.channel, list);
}

const scroller = () => $("scroll");
const atBottom = () => scroller().scrollHeight - scroller().scrollTop - scroller().clientHeight < near;

function toBottom() {
  scroller().scrollTop = scroller().scrollHeight;
  pill(0);
}

function pill(count) {
  state.waiting = count;
  $("new-pill").hidden = count === 0;
  if (count) fill($("new-pill"), icon("arrow"), count === 1 ? "1 new message" : `${count} new messages`);
}

function announce(fresh) {
  const ctx = context();
  fill($("live"), fresh.slice(-3).map((m) => h("p", {}, messages.spoken(m, ctx))));
}

// ---- unread: what came after the newest message this person has seen ----

const seenKey = (channel) => `seen.${state.me}.${channel}`;
const seenHere = new Map(); // :: seenKey -> ts, when the browser keeps nothing

function seen(channel, list) {
  const last = list.at(-1);
  if (last) {
    seenHere.set(seenKey(channel), last.ts);
    remember(seenKey(channel), last.ts);
  }
  if (state.unread.get(channel)) {
    state.unread.set(channel, 0);
    draw();
  }
}

async function countUnread(only) {
  for (const c of visibleChannels()) {
    if (c.id === state.channel || c.id.startsWith("@") || (only && only !== c.id && only !== c.name)) continue;
    const answer = await api.messages(c.id, state.me);
    if (!answer.ok) continue;
    const since = Number(seenHere.get(seenKey(c.id)) || recall(seenKey(c.id)) || 0);
    const count = (answer.messages || []).filter((m) => Number(m.ts) > since && m.user !== state.me && !m.deleted).length;
    state.unread.set(c.id, count);
  }
  draw();
}

// ---- events ----

function reach(up) {
  $("stream-down").hidden = up;
}

const later = new Map(); // :: what -> timer
function soon(what, run) {
  if (later.has(what)) return;
  later.set(what, setTimeout(() => {
    later.delete(what);
    run();
  }, calm));
}

function changed({ channel }) {
  const c = state.channels.get(channel) || visibleChannels().find((x) => x.name === channel);
  if (!c || c.id === state.channel) soon("messages", loadMessages);
  if (!c) soon("workspace", () => loadWorkspace().then(() => countUnread()));
  if (c && c.id !== state.channel) soon("unread " + c.id, () => countUnread(c.id));
}

async function reload() {
  reach(true);
  await loadWorkspace();
  await loadMessages();
  await screen.load();
  await countUnread();
}

const line = composer.start(state, () => loadMessages().then(toBottom));
const company = panel.company(state);
const screen = views.start(state, context);
place.newChannel(state, async (id) => {
  await loadWorkspace();
  if (id) open(id);
});
for (const tab of ["home", "messages"]) {
  $("tab-" + tab).addEventListener("click", () => showTab(tab));
  $("tab-" + tab).addEventListener("keydown", (e) => {
    if (e.key !== "ArrowLeft" && e.key !== "ArrowRight") return;
    showTab(tab === "home" ? "messages" : "home");
    $("tab-" + state.tab).focus();
  });
}

fill($("welcome-close"), icon("close"));
fill($("send"), icon("send"));
$("welcome").hidden = recall("welcomed") === "yes";
$("welcome-close").addEventListener("click", () => {
  $("welcome").hidden = true;
  remember("welcomed", "yes");
  $("composer-input").focus();
});
$("new-pill").addEventListener("click", () => {
  toBottom();
  scroller().focus();
});
scroller().addEventListener("scroll", () => atBottom() && pill(0), { passive: true });
new ResizeObserver(() => state.waiting === 0 && stick && toBottom()).observe($("messages"));
let stick = true; // a picture that loads late, or a wider window, keeps the newest line in view
scroller().addEventListener("scroll", () => (stick = atBottom()), { passive: true });
document.addEventListener("visibilitychange", () => !document.hidden && loadMessages());
setInterval(() => refreshDates($("messages"), state.tz), minute);
window.addEventListener("popstate", () => open(wantedChannel()));

api.events({ onChange: changed, onWorkspace: () => soon("workspace", loadWorkspace), onViews: () => soon("views", screen.load), onUp: () => soon("reload", reload), onDown: () => reach(false) });
soon("reload", reload);
