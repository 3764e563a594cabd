// What a person at the page reads and can reach. The browser tests put it beside the page; the page knows nothing of it.
window.person = (() => {
  const words = (el) => el.innerText.replace(/\s+/g, " ").trim();
  const shown = (el) => el.getClientRects().length > 0 && getComputedStyle(el).visibility === "visible";
  const called = (el, label) => words(el) === label || el.getAttribute("aria-label") === label;
  let landed = ""; // label of what the last press hit

  const label = (target) => {
    const el = target.closest("button, textarea, select, input");
    return el ? el.getAttribute("aria-label") || words(el) : "";
  };
  addEventListener("click", (e) => (landed = label(e.target)), true);

  return {
    /** words of everything under selector that is to be seen. */
    reads: (selector) => [...document.querySelectorAll(selector)].filter(shown).map(words).join("\n"),

    /** message is a selector of the newest message with all these parts, or "". */
    message(parts) {
      const all = [...document.querySelectorAll("#messages > .message")].filter((m) => shown(m) && parts.every((p) => words(m).includes(p)));
      return all.length ? `[data-key="${all.at(-1).dataset.key}"]` : "";
    },

    /** reach brings what is called so into view and says where to press: null while something is in the way. */
    reach(scope, name) {
      const el = [...document.querySelectorAll(scope)]
        .flatMap((s) => [...s.querySelectorAll("button, textarea, input")])
        .findLast((b) => shown(b) && !b.disabled && called(b, name));
      if (!el) return null;
      el.scrollIntoView({ block: "nearest" });
      const box = el.getBoundingClientRect();
      const at = { x: box.left + box.width / 2, y: box.top + box.height / 2 };
      landed = "";
      return el.contains(document.elementFromPoint(at.x, at.y)) ? at : null;
    },

    count: (selector) => document.querySelectorAll(selector).length,
    width: () => innerWidth,

    /** height of what is under selector, in px; 0 while it is not there. */
    height: (selector) => Math.round(document.querySelector(selector)?.getBoundingClientRect().height || 0),

    /** check ticks the box whose label reads so, and says whether it is ticked. */
    check(scope, name) {
      const label = [...document.querySelectorAll(scope + " label")].find((l) => shown(l) && words(l) === name);
      const box = label?.querySelector("input");
      if (box && !box.checked) label.click();
      return box?.checked === true;
    },

    /** sticksOut names what reaches over the right edge of the screen and cannot be scrolled to. */
    sticksOut() {
      const scrolls = (el) => el && el !== document.body && (["auto", "scroll"].includes(getComputedStyle(el).overflowX) || scrolls(el.parentElement));
      return [...document.querySelectorAll("body *")]
        .filter((el) => shown(el) && el.getBoundingClientRect().right > innerWidth + 1 && !el.closest(".visually-hidden") && !scrolls(el.parentElement) && !el.closest("svg"))
        .map((el) => `${el.tagName}.${el.className} ${Math.round(el.getBoundingClientRect().right)}`)
        .slice(0, 3)
        .join("; ");
    },

    landed: (name) => landed === name,
    focused: (selector) => document.activeElement?.matches(selector) === true,
    focus: (selector) => document.querySelector(selector)?.focus(),
    select: (selector) => document.querySelector(selector)?.select(),
    chosen: (selector) => document.querySelector(selector)?.selectedOptions[0]?.text || "",
    written: (selector) => document.querySelector(selector)?.value || "",
  };
})();
