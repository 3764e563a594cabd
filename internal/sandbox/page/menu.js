// One floating menu for selects and overflows. It lives outside the message list, so that a message
// which is updated meanwhile takes nothing away from under a person's finger.

import { h } from "./dom.js";
import { textObject } from "./inline.js";

let close = () => {};

/** openMenu shows option groups under anchor; pick(option) is called at most once. */
export function openMenu(anchor, groups, ctx, pick) {
  const again = anchor.getAttribute("aria-expanded") === "true";
  close();
  if (again) return;
  const menu = h("div", { class: "menu", role: "menu", "aria-label": anchor.textContent || anchor.getAttribute("aria-label") });
  for (const group of groups) {
    const box = h("div", { role: "group" });
    if (group.label) box.append(h("div", { class: "menu-label" }, textObject(group.label, ctx)));
    for (const option of group.options || []) {
      const note = option.description ? h("span", { class: "menu-note" }, textObject(option.description, ctx)) : null;
      const item = h("button", { type: "button", role: "menuitem", tabindex: "-1", class: "menu-item" }, h("span", {}, textObject(option.text, ctx)), note);
      item.addEventListener("click", () => {
        close();
        focusBack(anchor);
        pick(option);
      });
      box.append(item);
    }
    menu.append(box);
  }
  document.body.append(menu);
  anchor.setAttribute("aria-expanded", "true");
  place(menu, anchor);

  const outside = (e) => !menu.contains(e.target) && !anchor.contains(e.target) && close();
  const onWheel = (e) => !menu.contains(e.target) && close();
  const shut = () => close();
  close = () => {
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", shut);
    document.removeEventListener("wheel", onWheel);
    close = () => {};
  };
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("wheel", onWheel, { passive: true });
  window.addEventListener("resize", shut);
  menu.addEventListener("keydown", (e) => keys(e, menu, anchor));
  menu.querySelector(".menu-item")?.focus();
}

function keys(e, menu, anchor) {
  const items = [...menu.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[e.key];
  if (to !== undefined) items[to].focus();
  else if (e.key === "Escape" || e.key === "Tab") {
    close();
    focusBack(anchor);
  } else if (e.key.length === 1 && e.key !== " ") {
    const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    after.find((i) => i.textContent.trim().toLowerCase().startsWith(e.key.toLowerCase()))?.focus();
  } else return;
  e.preventDefault();
}

/** focusBack finds the anchor, or what has been rendered in its place. */
function focusBack(anchor) {
  const el = anchor.isConnected ? anchor : document.querySelector(`[data-key="${CSS.escape(anchor.dataset.key || "")}"]`);
  el?.focus();
}

/** place puts the menu below its anchor, above it when there is more room, always inside the window. */
function place(menu, anchor) {
  const a = anchor.getBoundingClientRect();
  const m = menu.getBoundingClientRect();
  const below = innerHeight - a.bottom - 12;
  const up = below < m.height && a.top > below;
  menu.style.maxHeight = Math.max(120, up ? a.top - 12 : below) + "px";
  menu.style.left = Math.max(8, Math.min(a.left, innerWidth - m.width - 8)) + "px";
  if (up) menu.style.bottom = innerHeight - a.top + 4 + "px";
  else menu.style.top = a.bottom + 4 + "px";
}
