// Files of a message: pictures are shown, of a text its beginning, of all else the name.

import { h, link } from "./dom.js";
import { picture } from "./picture.js";
import * as api from "./api.js";

const known = new Map(); // :: file id -> promise of what is known of it

const size = (n) => (n < 1000 ? `${n} bytes` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`);

/** fileCard shows one file; it fills itself when the sandbox has said what it is. */
export function fileCard(id) {
  const card = h("div", { class: "file" }, h("span", { class: "muted" }, "File …"));
  if (!known.has(id)) known.set(id, api.file(id));
  known.get(id).then((answer) => {
    if (!answer.ok) {
      known.delete(id); // it may not have been ready
      card.replaceChildren(h("span", { class: "muted" }, "This file was deleted."));
      return;
    }
    const f = answer.file;
    const at = "/files/" + encodeURIComponent(f.id);
    const name = h("div", { class: "file-name" }, link(location.origin + at, f.title || f.name), h("span", { class: "muted" }, ` ${f.title && f.title !== f.name ? f.name + " · " : ""}${size(f.size)}`));
    if (f.mimetype.startsWith("image/")) card.replaceChildren(name, picture({ image_url: at, alt_text: f.alt_txt || f.title }, "block-picture"));
    else if (f.preview) card.replaceChildren(name, h("pre", { class: "file-text", tabindex: "0" }, f.preview + (f.size > f.preview.length ? "\n…" : "")));
    else card.replaceChildren(name);
  });
  return card;
}
