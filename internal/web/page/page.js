// Keeps a page up to date, and makes a strip of bars one stop of the tab key. Without it the page is whole.
"use strict";

const kind = document.body.dataset.kind;
const $ = (id) => document.getElementById(id);

// strips: one bar of each can be reached by the tab key, the others by arrows, Home, End and a week by Page Up and Down.
function strips() {
  for (const strip of document.querySelectorAll(".strip")) {
    const bars = [...strip.querySelectorAll("a")];
    const picked = strip.parentElement.querySelector(".picked");
    const week = strip.id === "days" ? 7 : 12;
    const stop = (n) => bars.forEach((b, i) => { b.tabIndex = i === n ? 0 : -1; });
    const pick = (n, focus) => {
      n = Math.max(0, Math.min(bars.length - 1, n));
      stop(n);
      bars.forEach((b, i) => b.classList.toggle("on", i === n));
      picked.textContent = bars[n].getAttribute("aria-label");
      if (focus) bars[n].focus();
    };
    stop(bars.length - 1);
    strip.addEventListener("keydown", (e) => {
      const at = bars.indexOf(document.activeElement);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1, PageUp: at - week, PageDown: at + week }[e.key];
      if (at < 0 || to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      pick(to, true);
    });
    strip.addEventListener("click", (e) => {
      const at = bars.indexOf(e.target.closest("a"));
      if (at < 0) return;
      e.preventDefault();
      pick(at, true);
    });
    strip.addEventListener("keyup", (e) => {
      if (e.key !== "Enter") return;
      const row = $(bars[bars.indexOf(document.activeElement)]?.hash.slice(1));
      if (!row) return;
      row.closest("details").open = true;
      row.focus();
    });
  }
}
strips();

// element makes an element of text that the server rendered.
function element(text) {
  const t = document.createElement("template");
  t.innerHTML = text;
  return t.content.firstElementChild;
}

// keeping runs a change without taking the focus from who stands in what changes.
function keeping(change) {
  const at = document.activeElement;
  const where = at && at !== document.body ? at.getAttribute("href") || at.id : "";
  change();
  if (!where || document.activeElement === at) return;
  const again = where.startsWith("/") || where.startsWith("#") ? document.querySelector(`main a[href="${CSS.escape(where)}"]`) || [...document.links].find((l) => l.getAttribute("href") === where) : $(where);
  again?.focus({ preventScroll: true });
}

// told reads aloud what changed of the levels, not each figure.
function told(lead) {
  const old = $("lead")?.dataset.said;
  if (old !== undefined && old !== lead.dataset.said) $("said").textContent = lead.dataset.said;
}

function applied(change) {
  keeping(() => {
    if (change.lead) {
      const lead = element(change.lead);
      told(lead);
      $("lead").replaceWith(lead);
      document.title = lead.querySelector("h1").textContent;
    }
    if (change.open) $("open").replaceWith(element(change.open));
    const rows = $("rows");
    const of = new Map([...rows.children].map((r) => [r.dataset.id, r]));
    for (const [id, text] of Object.entries(change.rows || {})) {
      const row = element(text);
      const old = of.get(id);
      if (old) old.replaceWith(row);
      else rows.append(row);
      of.set(id, row);
    }
    if (change.order) {
      rows.replaceChildren(...change.order.map((id) => of.get(id)).filter(Boolean));
    }
    $("asof").textContent = change.as_of;
  });
}

// fetched takes the page anew, and keeps what is open in it.
let fetching = false;
async function fetched() {
  if (fetching) return;
  fetching = true;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = [...document.querySelectorAll("details[open]")].map((d) => d.querySelector("summary strong")?.textContent || d.querySelector("summary").textContent);
    const picked = [...document.querySelectorAll(".strip a.on")].map((a) => a.getAttribute("href"));
    const lead = next.getElementById("lead");
    keeping(() => {
      if (lead) told(lead);
      $("main").replaceWith(next.getElementById("main"));
      for (const d of document.querySelectorAll("details")) d.open = open.includes(d.querySelector("summary strong")?.textContent || d.querySelector("summary").textContent);
      strips();
      for (const a of document.querySelectorAll(".strip a")) if (picked.includes(a.getAttribute("href"))) { a.classList.add("on"); a.closest("figure").querySelector(".picked").textContent = a.getAttribute("aria-label"); }
    });
    $("asof").textContent = next.getElementById("asof").textContent;
    document.title = next.title;
    document.body.dataset.version = next.body.dataset.version;
  } finally {
    fetching = false;
  }
}

// live follows the board until somebody pauses it.
let events;
let wait;
function state(word, action) {
  const at = $("live");
  const had = document.activeElement?.parentElement === at;
  at.textContent = word + " ";
  const b = document.createElement("button");
  b.type = "button";
  b.textContent = action;
  b.addEventListener("click", () => (events ? pause() : live()));
  at.append(b, " ·");
  if (had) b.focus();
}
function pause() {
  events?.close();
  events = undefined;
  clearTimeout(wait);
  state("Paused,", "go on");
}
let last = 0;
function live() {
  events = new EventSource("/live?v=" + document.body.dataset.version);
  events.onopen = () => state("Live,", "pause");
  const refresh = () => {
    const now = Date.now();
    if (kind === "board" || now - last > 14000) {
      last = now;
      fetched();
    }
  };
  events.addEventListener("stale", refresh);
  events.onmessage = (e) => (kind === "board" ? applied(JSON.parse(e.data)) : refresh());
  events.onerror = () => {
    state("Not live,", "pause");
    if (events?.readyState !== EventSource.CLOSED) return;
    events = undefined;
    wait = setTimeout(() => { fetched(); live(); }, 30000);
  };
}
if (kind !== "words" && window.EventSource) live();
