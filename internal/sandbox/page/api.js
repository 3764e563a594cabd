// The page's side of the sandbox's HTTP contract. Every call resolves to the answer's JSON object;
// a failure to reach the sandbox resolves to {ok: false, error: words} so that callers have one path.

const newest = 300; // messages: more than a person scrolls back, 1.2 MB at 4 KB each

const json = { "Content-Type": "application/json" };

async function call(path, options) {
  try {
    const res = await fetch(path, { cache: "no-store", ...options });
    const body = await res.json().catch(() => null);
    if (body && typeof body === "object") return { ok: res.ok, ...body };
    return { ok: false, error: `the sandbox answered ${res.status} without JSON` };
  } catch {
    return { ok: false, error: "the sandbox cannot be reached", unreachable: true };
  }
}

const post = (path, body) => call(path, { method: "POST", headers: json, body: JSON.stringify(body) });
const query = (values) => "?" + new URLSearchParams(values);

export const workspace = () => call("/sandbox/workspace");
export const messages = (channel, user) => call("/sandbox/messages" + query({ channel, user, limit: newest }));
export const command = (channel, user, text, thread = {}) => post("/sandbox/command", { channel, user, text, ...thread });
export const views = (user) => call("/sandbox/views" + query({ user }));
export const submit = (user, view_id, values) => post("/sandbox/submit", { user, view_id, values });
export const closeView = (user, view_id, all) => post("/sandbox/close", { user, view_id, all });
export const openHome = (user, tab) => post("/sandbox/home", { user, tab });
export const reaction = (channel, user, ts, name, remove) => post("/sandbox/reaction", { channel, user, ts, name, remove });
export const shortcut = (channel, user, ts, callback_id) => post("/sandbox/shortcut", { channel, user, ts, callback_id });
export const changeChannel = (body) => post("/sandbox/channel", body);
export const changeSettings = (body) => post("/sandbox/settings", body);
export const settings = () => call("/sandbox/settings");
export const file = (id) => call("/sandbox/file" + query({ id }));
export const suggest = (body) => post("/sandbox/suggest", body);
export const action = (body) => post("/sandbox/action", body);
export const fault = (body) => post("/sandbox/faults", body);
export const demoState = () => call("/demo/state");
export const demoBreak = (component, kind, rate) => post("/demo/break", { component, kind, rate });
export const demoRestart = (component) => post("/demo/restart", { component });

/**
 * events follows the sandbox. The browser reconnects by itself; onUp runs at each (re)connection,
 * because changes may have been missed while the stream was down.
 */
export function events({ onChange, onWorkspace, onViews, onUp, onDown }) {
  const source = new EventSource("/sandbox/events");
  source.addEventListener("open", onUp);
  source.addEventListener("error", onDown);
  source.addEventListener("workspace", onWorkspace);
  source.addEventListener("views", onViews);
  source.addEventListener("change", (e) => {
    let data = {};
    try {
      data = JSON.parse(e.data);
    } catch {
      // a change we cannot read is still a change: refetch
    }
    onChange(data);
  });
  return source;
}
