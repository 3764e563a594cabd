// The line at the bottom: Enter sends, Shift+Enter breaks the line, arrow up brings back what was sent,
// and "/" offers the commands of the workspace.

import { $, h, fill, icon } from "./dom.js";
import { failure } from "./elements.js";
import * as api from "./api.js";

const keep = 50; // lines of history
const tall = 160; // px: the textarea grows up to this, then scrolls

/** start wires the composer. state has {channel, me, commands}; onSent runs after the server took a line. */
export function start(state, onSent) {
  const input = $("composer-input");
  const hints = $("hints");
  const status = $("composer-status");
  const history = [];
  let thread = ""; // ts of the root that lines go under
  let back = 0; // how far into history; 0 is the line being written
  let chosen = 0;

  const grow = () => {
    input.style.height = "auto";
    input.style.height = Math.min(tall, input.scrollHeight) + "px";
    $("send").disabled = input.value.trim() === "";
  };
  const set = (text) => {
    input.value = text;
    grow();
    input.setSelectionRange(text.length, text.length);
  };

  const offered = () => {
    const m = /^(\/\S*)$/.exec(input.value);
    return m ? state.commands.filter((c) => c.startsWith(m[1]) && c !== m[1]) : [];
  };
  const hide = () => {
    hints.hidden = true;
    input.removeAttribute("aria-activedescendant");
  };
  const hint = () => {
    const list = offered();
    if (!list.length) return hide();
    chosen = Math.min(chosen, list.length - 1);
    fill(
      hints,
      list.map((c, i) => {
        const item = h("li", { role: "option", id: "hint-" + i, "aria-selected": String(i === chosen) }, h("strong", {}, c), h("span", {}, "sent to ", state.botName));
        item.addEventListener("pointerdown", (e) => {
          e.preventDefault();
          complete(c);
        });
        return item;
      }),
    );
    hints.hidden = false;
    input.setAttribute("aria-activedescendant", "hint-" + chosen);
  };
  const complete = (command) => {
    set(command + " ");
    hide();
    input.focus();
  };

  async function send() {
    const text = input.value.trim();
    if (!text) return;
    history.unshift(text);
    history.length = Math.min(history.length, keep);
    back = 0;
    set("");
    hide();
    fill(status, text.startsWith("/") ? "sending …" : "");
    const under = thread ? { thread_ts: thread, reply_broadcast: $("thread-broadcast").checked } : {};
    const answer = await api.command(state.channel, state.me, text, under);
    // A command that failed has its line from Slack in the list already; only what never got there is said here.
    status.classList.toggle("bad", !answer.ok);
    if (!answer.ok) fill(status, failure(answer));
    else fill(status, answer.acked && text.startsWith("/") && Number.isFinite(answer.ack_ms) ? `${text.split(" ")[0]} answered in ${Math.max(1, Math.round(answer.ack_ms))} ms` : "");
    if (answer.unreachable && !input.value) set(text);
    onSent();
  }

  input.addEventListener("input", () => {
    back = 0;
    grow();
    hint();
  });
  input.addEventListener("blur", hide);
  input.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    const list = hints.hidden ? [] : offered();
    if (list.length && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
      chosen = (chosen + (e.key === "ArrowDown" ? 1 : list.length - 1)) % list.length;
      hint();
    } else if (list.length && e.key === "Tab") complete(list[chosen]);
    else if (list.length && e.key === "Escape") hide();
    else if (thread && e.key === "Escape") leave();
    else if (e.key === "Enter" && !e.shiftKey) {
      if (list.length && input.value === "/") complete(list[chosen]);
      else send();
    } else if (e.key === "ArrowUp" && (input.value === "" || back > 0) && back < history.length) set(history[back++]);
    else if (e.key === "ArrowDown" && back > 0) set(--back > 0 ? history[back - 1] : "");
    else return;
    e.preventDefault();
  });
  $("composer").addEventListener("submit", (e) => {
    e.preventDefault();
    send();
    input.focus();
  });
  const leave = () => {
    thread = "";
    $("thread-bar").hidden = true;
    $("thread-broadcast").checked = false;
  };
  fill($("thread-close"), icon("close"));
  $("thread-close").addEventListener("click", () => {
    leave();
    input.focus();
  });
  window.addEventListener("resize", grow); // the phone's letters are larger
  grow();

  return {
    leave,
    /** reply sends the next lines to the thread of the message ts. */
    reply(ts, name, text) {
      thread = ts;
      const begins = (text || "").replace(/\s+/g, " ").slice(0, 60);
      fill($("thread-words"), "In the thread of ", h("strong", {}, name), begins ? `: ${begins}` : "");
      $("thread-bar").hidden = false;
      input.focus();
    },
    /** chips are ready examples; one puts its text into the line and leaves sending to the person. */
    chips(texts) {
      const chip = (t) => h("button", { type: "button", class: "chip", onclick: () => (set(t), hide(), input.focus()) }, t);
      fill($("chips"), texts.map(chip));
    },
    label(text) {
      input.placeholder = text;
      input.setAttribute("aria-label", text);
    },
  };
}
