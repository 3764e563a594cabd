// Images of a message.

import { h, link, safeURL } from "./dom.js";

/**
 * picture shows an image of this server. An image elsewhere is refused by the page's policy (nothing
 * external is loaded), so its alt text and address stand in for it; that is also what a reader of alt text gets.
 */
export function picture(b, cls) {
  const source = (b.slack_file && (b.slack_file.url || (b.slack_file.id && "/files/" + encodeURIComponent(b.slack_file.id)))) || b.image_url || "";
  const alt = b.alt_text || "";
  const instead = () =>
    h("div", { class: "picture-missing" }, "Image: ", alt || "no description", safeURL(source) ? [" · ", link(source, "open")] : null);
  const here = local(source);
  if (!here) return instead();
  const img = h("img", { class: cls, src: here, alt, title: alt, loading: "lazy" });
  img.addEventListener("error", () => img.replaceWith(instead()));
  return img;
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** local is the path of an address on this server, by whichever loopback name it is called; else "". */
function local(source) {
  if (!source) return "";
  try {
    const url = new URL(source, location.href);
    const same = url.port === location.port && loopback.test(url.hostname) && loopback.test(location.hostname);
    return same || url.origin === location.origin ? url.pathname + url.search : "";
  } catch {
    return "";
  }
}
