// The confirm dialog of Block Kit, on the browser's own <dialog>: it traps focus and Escape says no.

import { h } from "./dom.js";
import { textObject } from "./inline.js";

/** confirmed asks and resolves to true only when the person agrees. */
export function confirmed(c, ctx) {
  return new Promise((resolve) => {
    const yes = h("button", { value: "yes", class: "button " + (c.style === "danger" ? "danger solid" : "primary") }, textObject(c.confirm || "Yes", ctx));
    const no = h("button", { value: "no", class: "button plain" }, textObject(c.deny || "Cancel", ctx));
    const title = h("h2", { id: "confirm-title" }, textObject(c.title || "Are you sure?", ctx));
    const form = h("form", { method: "dialog" }, title, h("div", { class: "dialog-text" }, textObject(c.text, ctx)), h("div", { class: "dialog-buttons" }, no, yes));
    const dialog = h("dialog", { class: "confirm", "aria-labelledby": "confirm-title" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
