// The control panel: how Slack itself behaves, and the company that the demo runs.

import { $, h, fill, icon } from "./dom.js";
import { clock, clockSeconds } from "./dates.js";
import * as api from "./api.js";

const every = 2000; // ms between two looks at the company while the page is visible
const storyShown = 40; // steps; older ones have scrolled out of the story
const slow = 4000; // ms: longer than the 3 s that Slack waits for an ack
const retryAfter = 5; // s

const faults = [
  ["ok", "Normal", "Slack answers as usual."],
  ["slow", "Slow", `Slack takes ${slow / 1000} s for each answer.`],
  ["ratelimit", "Rate-limited", `Slack answers 429: try again in ${retryAfter} s.`],
  ["error", "Errors", "Slack answers each call with an error."],
  ["lost_answer", "Lost answers", "Slack does what it is asked, but its answer is lost."],
  ["down", "Unreachable", "Slack does not answer at all."],
  ["disconnect", "Drop the socket", "The sockets were closed; the bot has to connect again."],
  ["deaf", "Deaf socket", "The open sockets are deaf: nothing passes until the bot connects anew."],
];

const words = new Map(faults.map(([mode, , sentence]) => [mode, sentence]));

const kinds = ["error", "reset", "timeout", "slow", "down"];

/** showFaults draws "Slack itself" for the fault that is in force. */
export function showFaults(fault, zone, refresh) {
  const mode = (fault && fault.mode) || "ok";
  const box = $("faults");
  if (!box.children.length) {
    const press = async (m) => {
      const answer = await api.fault({ mode: m, delay_ms: slow, retry_after: retryAfter });
      fill($("fault-error"), answer.ok ? "" : `This could not be set: ${answer.error}.`);
      // A dropped socket is over at once, so it is told as something that happened.
      fill($("fault-note"), answer.ok && m === "disconnect" ? `${clockSeconds(Date.now(), zone())} ${words.get(m)}` : "");
      refresh();
    };
    fill(box, faults.map(([m, label]) => h("button", { type: "button", class: "button plain small", "data-mode": m, onclick: () => press(m) }, label)));
  }
  for (const el of box.children) el.setAttribute("aria-pressed", String(el.dataset.mode === mode));
  let told = words.get(mode) || `Slack is in mode ${mode}.`;
  if (mode === "slow" && fault.delay_ms) told = `Slack takes ${fault.delay_ms / 1000} s for each answer.`;
  if ($("fault-words").textContent !== told) fill($("fault-words"), told);
  $("fault-words").classList.toggle("bad", mode !== "ok");
}

const percent = (rate) => `${Math.round(rate * 1000) / 10} %`;

/** condition words what a component does to its clients. */
export function condition(fault) {
  if (!fault || !fault.kind) return "as usual";
  if (fault.kind === "down") return "down";
  const what = fault.kind === "slow" ? "slowing" : "failing";
  return `${what} ${percent(fault.rate ?? 1)} of requests: ${fault.kind}`;
}

/** company follows the demo's state; show() starts it once the workspace says that the demo is mounted. */
export function company(state) {
  let timer = null;
  let draft = null; // the component whose form is open
  let drawn = "";

  async function look() {
    clearTimeout(timer);
    if (!document.hidden) draw(await api.demoState());
    timer = setTimeout(look, every);
  }

  function draw(answer) {
    fill($("company-error"), answer.ok ? "" : `The company cannot be seen: ${answer.error}.`);
    if (!answer.ok) return;
    const signature = JSON.stringify([answer.components, answer.story, state.tz, draft]);
    if (signature === drawn) return;
    drawn = signature;
    const focus = document.activeElement?.dataset.key;
    const rate = $("break-rate")?.value;
    const kind = $("break-kind")?.value;
    fill($("components"), (answer.components || []).map((c) => component(c, { rate, kind })));
    fill($("story"), (answer.story || []).slice(-storyShown).map(step));
    $("story-title").hidden = !(answer.story || []).length;
    if (focus) $("company").querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  function component(c, { rate, kind }) {
    const bad = Boolean(c.fault && c.fault.kind);
    const since = bad && c.fault.since ? `, since ${clock(Date.parse(c.fault.since), state.tz)}` : "";
    const open = draft === c.id;
    const toggle = () => {
      draft = open ? null : c.id;
      look();
    };
    return h(
      "li",
      { class: "component" },
      h("div", { class: "component-row" },
        h("span", { class: "dot " + (bad ? "bad" : "good"), "aria-hidden": "true" }),
        h("div", { class: "component-words" }, h("strong", {}, c.name || c.id), h("div", { class: bad ? "bad" : "muted" }, condition(c.fault) + since)),
        h("button", { type: "button", class: "button plain small", "data-key": "break " + c.id, "aria-expanded": String(open), "aria-label": "Break " + (c.name || c.id), onclick: toggle }, "Break"),
        h("button", { type: "button", class: "button plain small", "data-key": "restart " + c.id, "aria-label": "Restart " + (c.name || c.id), onclick: () => act(api.demoRestart(c.id)) }, "Restart"),
      ),
      open ? form(c, kind, rate) : null,
    );
  }

  function form(c, kind, rate) {
    const select = h("select", { id: "break-kind", "data-key": "kind" }, kinds.map((k) => h("option", { value: k, selected: k === (kind || "reset") }, k)));
    const share = h("input", { id: "break-rate", "data-key": "rate", type: "number", min: "1", max: "100", step: "1", value: rate || "8", required: true });
    const submit = (e) => {
      e.preventDefault();
      draft = null;
      act(api.demoBreak(c.id, select.value, select.value === "down" ? 1 : Number(share.value) / 100));
    };
    return h(
      "form",
      { class: "break", onsubmit: submit },
      h("label", {}, "Fails by", select),
      h("label", {}, "Per cent of requests", share),
      h("button", { class: "button danger small", "data-key": "do" }, "Break it"),
    );
  }

  async function act(request) {
    const answer = await request;
    if (!answer.ok) fill($("company-error"), `This did not work: ${answer.error}.`);
    look();
  }

  function step(s) {
    const at = Date.parse(s.at);
    return h(
      "li",
      { class: s.done ? "done" : "" },
      h("span", { class: "story-mark" }, s.done ? icon("check") : null, h("span", { class: "visually-hidden" }, s.done ? "done" : "to come")),
      s.done && Number.isFinite(at) ? h("time", { datetime: s.at }, clock(at, state.tz)) : h("span", { class: "story-next" }, "next"),
      h("span", {}, s.text),
    );
  }

  return {
    show(mounted) {
      $("company").hidden = !mounted;
      if (mounted && timer === null) look();
    },
    redraw: () => timer !== null && look(),
  };
}
