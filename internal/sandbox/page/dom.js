// The few helpers that build DOM. Data only ever becomes a text node or an attribute value, never
// markup, so that no message can inject anything into the page.

const svgNS = "http://www.w3.org/2000/svg";

/** h("div", {class: "x", onclick: f, "aria-label": "..."}, child...) builds one element. */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else if (key === "class") el.className = value;
    else if (key === "value") el.value = value;
    else el.setAttribute(key, value === true ? "" : value);
  }
  el.append(...flat(children));
  return el;
}

/** flat drops what is absent, so that children can be written as conditions. */
function flat(children) {
  return children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== "");
}

/** fill replaces all children of el. */
export function fill(el, ...children) {
  el.replaceChildren(...flat(children));
  return el;
}

export const $ = (id) => document.getElementById(id);

/** safeURL returns an address a person may follow, or "" for every other scheme (javascript:, data: ...). */
export function safeURL(url) {
  const text = String(url || "").trim();
  return /^(https?:\/\/|mailto:|tel:)/i.test(text) ? text : "";
}

/** link opens in a new tab and tells the other side nothing about this page. */
export function link(url, ...children) {
  const href = safeURL(url);
  if (!href) return h("span", {}, children);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, children);
}

/** remember and recall keep small preferences; a browser that refuses storage only forgets them. */
export function remember(key, value) {
  try {
    localStorage.setItem("sandbox." + key, value);
  } catch {
    // private mode: the page works without
  }
}

export function recall(key) {
  try {
    return localStorage.getItem("sandbox." + key);
  } catch {
    return null;
  }
}

const paths = {
  hash: "M4 9h16M4 15h16M10 3L8 21M16 3l-2 18",
  eye: "M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  down: "M6 9l6 6 6-6",
  arrow: "M12 5v14M6 13l6 6 6-6",
  send: "M4 12l16-8-6 16-3-7z",
  close: "M6 6l12 12M18 6L6 18",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  chat: "M4 5h16v11H9l-5 4z",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  pulse: "M3 12h4l3-7 4 14 3-7h4",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6s7 2 8 6",
  warn: "M12 3L2 20h20zM12 10v4M12 17h.01",
  check: "M5 12l5 5 9-11",
  back: "M15 5l-7 7 7 7",
  pin: "M9 3h6l-1 6 3 4H7l3-4zM12 13v8",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14c1 1.6 2.2 2.3 3.5 2.3s2.5-.7 3.5-2.3M9 9.5h.01M15 9.5h.01",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  reply: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
};

/** icon draws one line icon; it is decoration, words stand beside it or in the label. */
export function icon(name) {
  const svg = document.createElementNS(svgNS, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svgNS, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}
