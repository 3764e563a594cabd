// Images of a message.

import { h, link, safeURL } from "./dom.js";

/**
 * picture shows an image of this server. An image elsewhere is refused by the page's policy (nothing
 * external is loaded), so its alt text and address stand in for it; that is also what a reader of alt text gets.
 */
export function picture(b, cls) {
  const source = (b.slack_file && (b.slack_file.url || (b.slack_file.id && "/sandbox/files/" + encodeURIComponent(b.slack_file.id)))) || b.image_url || "";
  const alt = b.alt_text || "";
  const instead = () =>
    h("div", { class: "picture-missing" }, "Image: ", alt || "no description", safeURL(source) ? [" · ", link(source, "open")] : null);
  let url;
  try {
    url = new URL(source, location.href);
  } catch {
    return instead();
  }
  if (!source || url.origin !== location.origin) return instead();
  const img = h("img", { class: cls, src: url.href, alt, title: alt, loading: "lazy" });
  img.addEventListener("error", () => img.replaceWith(instead()));
  return img;
}
