function (look) {
  "use strict";
  const textMax = 64 * 1024;
  const sight = (state, more) => Object.assign({
    state, url: location.href, title: document.title, ready: document.readyState,
  }, more);

  // What matches, also inside of open shadow roots.
  function all(root, selector) {
    const found = Array.from(root.querySelectorAll(selector));
    if (found.length > 0) return found;
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) found.push(...all(e.shadowRoot, selector));
    }
    return found;
  }

  function visible(e) {
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.height > 0 &&
      e.checkVisibility({visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true});
  }

  // The first that can be seen, or why there is none.
  function find(selector) {
    const found = all(document, selector);
    const seen = found.find(visible);
    if (seen) return {element: seen};
    return {why: found.length > 0 ? "hidden" : "absent"};
  }

  function topmost(x, y) {
    let hit = document.elementFromPoint(x, y);
    while (hit && hit.shadowRoot) {
      const inner = hit.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === hit) break;
      hit = inner;
    }
    return hit;
  }

  // Whether a click on hit is one on e.
  function belongs(hit, e) {
    for (let at = hit; at; at = at.parentNode || at.host) {
      if (at === e) return true;
      if (at.nodeName === "LABEL" && at.control === e) return true;
    }
    return false;
  }

  function named(e) {
    return "<" + e.localName + (e.id ? "#" + e.id : e.classList.length > 0 ? "." + e.classList[0] : "") + ">";
  }

  function reach(e) {
    const inside = (x, y) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
    const places = () => Array.from(e.getClientRects())
      .filter((r) => r.width > 0 && r.height > 0)
      .map((r) => ({x: r.left + r.width / 2, y: r.top + r.height / 2}));
    if (!places().some((p) => inside(p.x, p.y))) {
      e.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
    }
    let over = null;
    for (const p of places().filter((p) => inside(p.x, p.y))) {
      const hit = topmost(p.x, p.y);
      if (hit && belongs(hit, e)) return sight("ok", p);
      over = over || hit;
    }
    return over ? sight("covered", {detail: named(over)}) : sight("hidden");
  }

  function focused(e) {
    let at = document.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    return at === e;
  }

  function told(e) {
    e.dispatchEvent(new Event("input", {bubbles: true, composed: true}));
    e.dispatchEvent(new Event("change", {bubbles: true}));
    return sight("ok", {detail: "done"});
  }

  function fill(e, text) {
    if (e.localName === "select") {
      const option = Array.from(e.options).find((o) => o.value === text) ||
        Array.from(e.options).find((o) => o.label.trim() === text.trim());
      if (!option) return sight("option");
      e.focus();
      e.value = option.value;
      return told(e);
    }
    const field = e.localName === "textarea" || e.localName === "input";
    if (!field && !e.isContentEditable) return sight("readonly");
    if (field && e.readOnly) return sight("readonly");
    if (["checkbox", "radio", "button", "submit", "reset", "image", "file", "hidden"].includes(e.type)) return sight("readonly");
    e.focus();
    if (!focused(e)) return sight("unfocused");
    if (text === "" || ["date", "time", "month", "week", "datetime-local", "color", "range"].includes(e.type)) {
      if (field) e.value = text;
      else e.textContent = text;
      return told(e);
    }
    if (field) e.select();
    else getSelection().selectAllChildren(e);
    return sight("ok", {detail: "type"});
  }

  function spaced(text) {
    return (text || "").replace(/\s+/g, " ").trim();
  }

  // Makes secrets unreadable: fields become dots, other text is replaced, and
  // what cannot be looked into is hidden.
  function hide(root, secrets) {
    if (root === document) root.documentElement.style.setProperty("caret-color", "transparent");
    const long = secrets.filter((s) => s.length >= 4);
    const holds = (text) => secrets.includes(text) || long.some((s) => text.includes(s));
    for (const e of root.querySelectorAll("*")) {
      if (typeof e.value === "string" && holds(e.value)) e.style.setProperty("-webkit-text-security", "disc", "important");
      for (const a of ["placeholder", "alt", "label"]) {
        if (e.hasAttribute(a) && holds(e.getAttribute(a))) e.removeAttribute(a);
      }
      if (e.shadowRoot) hide(e.shadowRoot, secrets);
      if (["iframe", "frame", "object", "embed", "canvas"].includes(e.localName)) {
        e.style.setProperty("visibility", "hidden", "important");
      }
    }
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      if (holds(n.data.trim())) n.data = "(redacted)";
    }
    // Text in pieces, as of markup between its letters.
    for (const s of long) {
      const whole = (root.body || root.firstElementChild || root).textContent || "";
      if (!whole.includes(s)) continue;
      for (const e of root.querySelectorAll("*")) {
        if (e.textContent.includes(s) && !Array.from(e.children).some((c) => c.textContent.includes(s))) {
          e.style.setProperty("visibility", "hidden", "important");
        }
      }
    }
  }

  try {
    document.querySelector(look.selector || "*");
  } catch {
    return sight("selector");
  }
  if (!document.documentElement) return sight("absent");
  switch (look.do) {
    case "read":
      return sight("ok", {text: (document.body ? document.body.innerText : "").slice(0, textMax)});
    case "hide":
      hide(document, look.secrets);
      return sight("ok");
    case "url":
      return sight("ok");
    case "text": {
      if (!look.selector) return sight(spaced(document.body && document.body.innerText).includes(look.text) ? "ok" : "unread");
      const found = all(document, look.selector);
      if (found.length === 0) return sight("absent");
      return sight(found.some((e) => visible(e) && spaced(e.innerText).includes(look.text)) ? "ok" : "unread");
    }
    case "press": {
      if (!look.selector) return sight("ok");
      const {element, why} = find(look.selector);
      if (!element) return sight(why);
      element.focus();
      return sight(focused(element) ? "ok" : "unfocused");
    }
  }
  const {element, why} = find(look.selector);
  if (!element) return sight(why);
  if (look.do === "visible") return sight("ok");
  if (element.matches(":disabled") || element.getAttribute("aria-disabled") === "true") return sight("disabled");
  if (look.do === "fill") return fill(element, look.text || "");
  return reach(element);
}
