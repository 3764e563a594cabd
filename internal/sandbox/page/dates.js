// Times as one reader sees them: in the chosen person's time zone, on a 24-hour clock (a Slack
// preference; incident notes read better with it). Pure: `now` and the zone are arguments.

const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const formats = new Map(); // :: time zone -> Intl.DateTimeFormat

function format(tz) {
  if (!formats.has(tz)) {
    const options = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" };
    try {
      formats.set(tz, new Intl.DateTimeFormat("en-US", { ...options, timeZone: tz || "UTC" }));
    } catch {
      formats.set(tz, new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" }));
    }
  }
  return formats.get(tz);
}

const two = (n) => String(n).padStart(2, "0");

/** parts splits an instant (milliseconds) into calendar numbers of the zone. */
export function parts(ms, tz) {
  const p = Object.fromEntries(format(tz).formatToParts(new Date(ms)).map((x) => [x.type, Number(x.value)]));
  const day = Date.UTC(p.year, p.month - 1, p.day) / 86400000; // whole days, to compare dates
  return { ...p, dayNumber: day, weekday: new Date(day * 86400000).getUTCDay() };
}

export function clock(ms, tz) {
  const p = parts(ms, tz);
  return `${two(p.hour)}:${two(p.minute)}`;
}

export function clockSeconds(ms, tz) {
  return `${clock(ms, tz)}:${two(parts(ms, tz).second)}`;
}

/** ordinal: 1st, 2nd, 3rd, 4th, 11th, 22nd. */
export function ordinal(n) {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return n + "th";
  return n + (["th", "st", "nd", "rd"][n % 10] || "th");
}

function pretty(p, now, tz, otherwise) {
  const away = p.dayNumber - parts(now, tz).dayNumber;
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[away] || otherwise;
}

/** ago words a distance: "3 minutes ago", "in 2 hours". */
export function ago(ms, now) {
  const s = Math.round((now - ms) / 1000);
  const n = Math.abs(s);
  const [value, unit] = n < 60 ? [n, "second"] : n < 3600 ? [Math.floor(n / 60), "minute"] : n < 86400 ? [Math.floor(n / 3600), "hour"] : [Math.floor(n / 86400), "day"];
  const words = `${value} ${unit}${value === 1 ? "" : "s"}`;
  return s >= 0 ? words + " ago" : "in " + words;
}

/**
 * dateTokens fills Slack's date tokens: date_num, date, date_short, date_long, each with _pretty,
 * time, time_secs, ago. An unknown token stays as it is, as in Slack.
 */
export function dateTokens(text, unix, tz, now) {
  const ms = unix * 1000;
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return null; // beyond what a Date can hold
  const p = parts(ms, tz);
  const month = months[p.month - 1];
  const long = `${month} ${ordinal(p.day)}, ${p.year}`;
  const values = {
    date_num: `${p.year}-${two(p.month)}-${two(p.day)}`,
    date: long,
    date_slash: `${two(p.month)}/${two(p.day)}/${p.year}`,
    date_short: `${month.slice(0, 3)} ${p.day}, ${p.year}`,
    date_long: `${days[p.weekday]}, ${long}`,
    time: clock(ms, tz),
    time_secs: clockSeconds(ms, tz),
    ago: ago(ms, now),
  };
  for (const key of ["date", "date_short", "date_long"]) values[key + "_pretty"] = pretty(p, now, tz, values[key]);
  values.day_divider_pretty = dayName(ms, tz, now);
  return text.replace(/\{([a-z_]+)\}/g, (all, token) => values[token] ?? all);
}

/** dayName heads a day of messages: "Today", "Yesterday", "Tuesday, November 24th". */
export function dayName(ms, tz, now) {
  const p = parts(ms, tz);
  const name = pretty(p, now, tz, `${days[p.weekday]}, ${months[p.month - 1]} ${ordinal(p.day)}`);
  return name[0].toUpperCase() + name.slice(1);
}

/** full is the tooltip of a time: date, seconds and zone. */
export function full(ms, tz) {
  return dateTokens("{date_long} at {time_secs}", ms / 1000, tz, ms).replace("today", "") + ` (${tz || "UTC"})`;
}
