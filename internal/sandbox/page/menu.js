// One floating menu for selects and overflows. It lives outside the message list, so that a message
// which is updated meanwhile takes nothing away from under a person's finger.

import { fill, h } from "./dom.js";
import { textObject } from "./inline.js";

let close = () => {};

/**
 * openMenu shows option groups under anchor; pick(option) is called at most once. With search, an async func from
 * what was typed to {groups, note}, a person types and the options are those that were found.
 */
export function openMenu(anchor, groups, ctx, pick, search) {
  const again = anchor.getAttribute("aria-expanded") === "true";
  close();
  if (again) return;
  const name = anchor.textContent || anchor.getAttribute("aria-label");
  const chosen = (option) => {
    close();
    focusBack(anchor);
    pick(option);
  };
  const menu = h("div", { class: "menu", role: search ? "dialog" : "menu", "aria-label": name });
  if (search) menu.append(...searching(search, ctx, chosen, () => place(menu, anchor)));
  else menu.append(...items(groups, ctx, chosen));
  (anchor.closest("dialog") || document.body).append(menu); // a modal lies over all that is not in it
  anchor.setAttribute("aria-expanded", "true");
  place(menu, anchor);

  const outside = (e) => !menu.contains(e.target) && !anchor.contains(e.target) && close();
  const onWheel = (e) => !menu.contains(e.target) && close();
  const shut = () => (search ? place(menu, anchor) : close()); // a phone's keyboard changes the size too
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
  menu.querySelector(".menu-search, .menu-item")?.focus();
}

/** items are the options of groups, as buttons. */
function items(groups, ctx, chosen) {
  return groups.map((group) => {
    const box = h("div", { role: "group" });
    if (group.label) box.append(h("div", { class: "menu-label" }, textObject(group.label, ctx)));
    for (const option of group.options || []) {
      const note = option.description ? h("span", { class: "menu-note" }, textObject(option.description, ctx)) : null;
      box.append(h("button", { type: "button", role: "menuitem", tabindex: "-1", class: "menu-item", onclick: () => chosen(option) }, h("span", {}, textObject(option.text, ctx)), note));
    }
    return box;
  });
}

/** searching is a field and what was found; an answer that comes after a newer question was asked is dropped. */
function searching(search, ctx, chosen, grown) {
  const field = h("input", { class: "field menu-search", type: "search", "aria-label": "Search", autocomplete: "off" });
  const found = h("div", { role: "menu" });
  const note = h("div", { class: "menu-label", role: "status" });
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    found.setAttribute("aria-busy", "true");
    const answer = await search(field.value);
    if (mine !== asked) return;
    found.removeAttribute("aria-busy");
    fill(found, items(answer.groups || [], ctx, chosen));
    fill(note, answer.note || "");
    grown();
  };
  field.addEventListener("input", ask);
  ask();
  return [field, note, found];
}

function keys(e, menu, anchor) {
  const items = [...menu.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[e.key];
  const typing = e.target.matches(".menu-search");
  if (typing && e.key === "Enter") menu.querySelector("[aria-busy]") || items[0]?.click(); // what is shown is what was typed
  else if (typing && !["ArrowDown", "Escape", "Tab"].includes(e.key)) return;
  else if (to !== undefined) items[to]?.focus();
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
  menu.style.bottom = up ? innerHeight - a.top + 4 + "px" : "";
  menu.style.top = up ? "" : a.bottom + 4 + "px";
}
