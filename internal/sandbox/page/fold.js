// Slack folds a long section behind "See more" unless it says `expand: true`. Where it folds is not published: apps
// report about 600 to 700 characters or five lines, and in a narrow thread less. Here it is more than five lines or
// 700 characters as they are read. Pure but for the button: text in, text out, tested without a browser.

import { h } from "./dom.js";

const maxLines = 5;
const maxLetters = 700; // as read: of a link its label, of a date its fallback

/** read is a piece of mrkdwn as long as a person sees it. */
const read = (text) => text.replace(/<[^<>|\n]*\|([^<>\n]*)>/g, "$1").replace(/&(amp|lt|gt);/g, "x");

/** folded returns what of a section's text is shown before "See more", or null where all of it is. */
export function folded(b) {
  const text = b.text?.text || "";
  if (b.expand === true) return null;
  const lines = text.split("\n");
  const head = cut(lines.slice(0, maxLines).join("\n"));
  return head === text ? null : head.trimEnd();
}

/** cut ends a text after maxLetters, between two words and not within a link or a date. */
function cut(text) {
  const parts = text.split(/(<[^<>\n]*>|\s)/);
  let shown = 0;
  for (let i = 0; i < parts.length; i++) {
    shown += [...read(parts[i])].length;
    if (shown > maxLetters) return i > 0 ? parts.slice(0, i).join("") : [...text].slice(0, maxLetters).join("");
  }
  return text;
}

const opened = new Set(); // :: key of a section that the person has opened; an edit does not close it

/** fold shows a section's text, folded until the person opens it; draw turns a text into nodes. */
export function fold(b, ctx, draw) {
  const head = folded(b);
  const box = h("div", { class: "section-text" });
  if (head === null) {
    box.append(...draw(b.text.text));
    return box;
  }
  const key = [ctx.view || ctx.ts, ctx.part].join("|");
  const show = () => {
    const open = opened.has(key);
    const words = open ? "See less" : "See more";
    const press = () => {
      if (!opened.delete(key)) opened.add(key);
      show();
      box.querySelector(".see-more").focus();
    };
    const button = h("button", { type: "button", class: "see-more", "aria-expanded": String(open), "data-key": key + "|see", onclick: press }, words);
    box.replaceChildren(...draw(open ? b.text.text : head + "…"), h("div", {}, button));
  };
  show();
  return box;
}
