import assert from "node:assert/strict";
import test from "node:test";
import { ago, clock, clockSeconds, dateTokens, dayName, ordinal } from "../dates.js";

const at = Date.UTC(2026, 10, 24, 15, 5, 9) / 1000; // Tuesday
const now = at * 1000;
const newYork = "America/New_York";

const cases = [
  ["{date_num}", "2026-11-24"],
  ["{date}", "November 24th, 2026"],
  ["{date_short}", "Nov 24, 2026"],
  ["{date_long}", "Tuesday, November 24th, 2026"],
  ["{date_pretty}|{date_short_pretty}|{date_long_pretty}", "today|today|today"],
  ["{time}", "10:05"],
  ["{time_secs}", "10:05:09"],
  ["{ago}", "0 seconds ago"],
  ["{unknown} stays", "{unknown} stays"],
];
for (const [format, want] of cases) {
  test("date " + format, () => assert.equal(dateTokens(format, at, newYork, now), want));
}

test("the reader's zone decides the day", () => {
  const late = Date.UTC(2026, 10, 24, 23, 30) / 1000;
  assert.equal(dateTokens("{date_num} {time}", late, "Asia/Kolkata", now), "2026-11-25 05:00");
  assert.equal(dateTokens("{date_short_pretty}", late, "Asia/Kolkata", now), "tomorrow");
  assert.equal(dateTokens("{date_short_pretty}", late, newYork, now), "today");
});

test("yesterday, and further away", () => {
  assert.equal(dateTokens("{date_pretty}", at - 86400, newYork, now), "yesterday");
  assert.equal(dateTokens("{date_short_pretty}", at - 2 * 86400, newYork, now), "Nov 22, 2026");
  assert.equal(dayName(now - 2 * 86400e3, newYork, now), "Sunday, November 22nd");
  assert.equal(dayName(now, newYork, now), "Today");
});

test("midnight is 00, and an unknown zone is UTC", () => {
  assert.equal(clock(Date.UTC(2026, 0, 1), "UTC"), "00:00");
  assert.equal(clockSeconds(Date.UTC(2026, 0, 1, 7, 8, 9), "No/Where"), "07:08:09");
});

test("a time no calendar has gives the fallback", () => assert.equal(dateTokens("{date}", 1e20, "UTC", now), null));

test("ordinals", () => assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 22, 31].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "31st"]));

test("ago", () => {
  assert.equal(ago(0, 61e3), "1 minute ago");
  assert.equal(ago(7200e3, 0), "in 2 hours");
});
