// Modals and the app's home. A modal is the browser's own <dialog>; what a person has filled in is kept
// beside it, by block and action, so that an update of the view takes nothing away.

import { $, h, fill, icon } from "./dom.js";
import { textObject } from "./inline.js";
import { block } from "./blocks.js";
import * as api from "./api.js";

/** start follows the person's views. context() is what blocks are drawn with. */
export function start(state, context) {
  const forms = new Map(); // :: view id -> Map of "block.action" -> value
  let dialog = null;
  let shown = ""; // id and hash of the modal in the dialog
  let homeShown = "";
  let asked = 0;

  async function load() {
    const mine = ++asked;
    const me = state.me;
    const answer = await api.views(me);
    if (mine !== asked || me !== state.me || !answer.ok) return;
    modal((answer.modals || []).at(-1), (answer.modals || []).length);
    home(answer.home);
    const open = new Set([...(answer.modals || []), ...(answer.home ? [answer.home] : [])].map((v) => v.id));
    for (const id of forms.keys()) if (!open.has(id)) forms.delete(id);
  }

  const form = (v) => {
    if (!forms.has(v.id)) forms.set(v.id, new Map());
    return forms.get(v.id);
  };

  function body(v) {
    const ctx = { ...context(), view: v.id, form: form(v), channel: state.channel };
    return (v.view.blocks || []).map((b, i) => block(b, { ...ctx, part: i }));
  }

  // ---- modal ----

  function modal(v, depth) {
    const key = v ? v.id + v.hash + state.me : "";
    if (key === shown) return;
    shown = key;
    if (!v) {
      dialog?.close();
      dialog?.remove();
      dialog = null;
      return;
    }
    const focus = dialog?.contains(document.activeElement) ? document.activeElement.id : "";
    if (!dialog) {
      dialog = h("dialog", { class: "modal", "aria-labelledby": "modal-title" });
      document.body.append(dialog);
      dialog.addEventListener("cancel", (e) => {
        e.preventDefault();
        dialog.querySelector(".modal-close")?.click();
      });
    }
    const ctx = context();
    const told = h("p", { class: "bad modal-told", role: "alert" });
    const close = (all) => async () => {
      const answer = await api.closeView(state.me, v.id, all);
      if (!answer.ok) fill(told, answer.error);
      load();
    };
    const send = async (e) => {
      e.preventDefault();
      const button = dialog.querySelector(".modal-submit");
      if (button.disabled) return;
      button.disabled = true;
      button.classList.add("pending");
      fill(told, "");
      const answer = await api.submit(state.me, v.id, Object.fromEntries(form(v)));
      button.disabled = false;
      button.classList.remove("pending");
      if (!answer.ok || answer.told) fill(told, answer.told || answer.error);
      let bad = null;
      for (const place of dialog.querySelectorAll("[data-error]")) {
        const words = answer.errors?.[place.dataset.error] || "";
        fill(place, words);
        if (words) bad ||= place.parentElement.querySelector("input, select, textarea");
      }
      bad?.focus();
      load();
    };
    const words = v.view.submit ? textObject(v.view.submit, ctx) : null;
    fill(
      dialog,
      h("form", { class: "modal-form", novalidate: true, onsubmit: send },
        h("header", { class: "modal-head" },
          h("h2", { id: "modal-title" }, textObject(v.view.title, ctx)),
          h("button", { type: "button", class: "icon-button modal-close", "aria-label": depth > 1 ? "Back" : "Close", onclick: close(false) }, icon(depth > 1 ? "back" : "close"))),
        h("div", { class: "modal-body message-content", tabindex: "-1" }, body(v)),
        h("footer", { class: "modal-foot" }, told,
          h("button", { type: "button", class: "button plain", onclick: close(false) }, v.view.close ? textObject(v.view.close, ctx) : "Close"),
          words ? h("button", { type: "submit", class: "button primary modal-submit" }, words) : null)),
    );
    if (!dialog.open) dialog.showModal();
    const back = focus && dialog.querySelector("#" + CSS.escape(focus));
    (back || dialog.querySelector(".modal-body input, .modal-body select, .modal-body textarea") || dialog.querySelector(".modal-submit, .modal-close"))?.focus();
  }

  // ---- home ----

  function home(v) {
    const key = v ? v.id + v.hash + state.me : "none" + state.me;
    if (key === homeShown) return;
    homeShown = key;
    fill($("home-blocks"), v ? body(v) : h("p", { class: "empty" }, `${state.botName} has published nothing here yet.`));
  }

  return {
    load,
    async openHome() {
      await api.openHome(state.me, "home");
      load();
    },
  };
}
