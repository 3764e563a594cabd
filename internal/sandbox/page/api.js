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
export const command = (channel, user, text) => post("/sandbox/command", { channel, user, text });
export const action = (body) => post("/sandbox/action", body);
export const fault = (body) => post("/sandbox/faults", body);
export const demoState = () => call("/demo/state");
export const demoBreak = (component, kind, rate) => post("/demo/break", { component, kind, rate });
export const demoRestart = (component) => post("/demo/restart", { component });

/**
 * events follows the sandbox. The browser reconnects by itself; onUp runs at each (re)connection,
 * because changes may have been missed while the stream was down.
 */
export function events({ onChange, onWorkspace, onUp, onDown }) {
  const source = new EventSource("/sandbox/events");
  source.addEventListener("open", onUp);
  source.addEventListener("error", onDown);
  source.addEventListener("workspace", onWorkspace);
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
