// Times in the reader's own zone. The server writes <time datetime=... title="... UTC" data-time=relative|clock|when>.

// The pages are in English; the 24-hour clock and day before month are what logs and cron lines use too.
const LANGUAGE = "en-GB";
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { style: "short" });
const time = { hour: "2-digit", minute: "2-digit" };
const today = new Intl.DateTimeFormat(LANGUAGE, time);
const thisYear = new Intl.DateTimeFormat(LANGUAGE, { weekday: "short", day: "numeric", month: "short", ...time });
const anyYear = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short", year: "numeric", ...time });
const whole = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "full", timeStyle: "long" });
const UNITS = [["minute", 60, 60], ["hour", 3600, 24], ["day", 86400, 8]];

/** Return "3 min ago", "in 2 hr"; beyond a week the date, or with `always` the number of days. */
export function relatively(moment, now = new Date(), { always = false } = {}) {
  const seconds = (moment - now) / 1000;
  for (const [unit, size, most] of UNITS) {
    const count = Math.round(seconds / size);
    if (count === 0) return seconds > 0 ? "in a moment" : "just now";
    if (Math.abs(count) < most) return relative.format(count, unit);
  }
  return always ? relative.format(Math.round(seconds / 86400), "day") : clock(moment, now);
}

/** Return "09:30" for today, else with the day, and with the year where it is another one. */
export function clock(moment, now = new Date()) {
  if (moment.toDateString() === now.toDateString()) return today.format(moment);
  return (moment.getFullYear() === now.getFullYear() ? thisYear : anyYear).format(moment);
}

/** Return "09:30 · 5 min ago" for today, else the day and the time of day. */
function when(moment, now) {
  const time = clock(moment, now);
  return moment.toDateString() === now.toDateString() ? `${time} · ${relatively(moment, now)}` : time;
}

const STYLES = { relative: relatively, clock, when };

/** Return "0.4 s", "12 s", "1 min 12 s", "2 h 5 min": as flows_ui/templatetags/moments.py words finished spans. */
export function span(seconds) {
  if (seconds < 10) return `${Math.max(seconds, 0).toFixed(1)} s`;
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  for (let index = 0; index < units.length - 1; index++) {
    const [unit, size] = units[index];
    const [smaller, part] = units[index + 1];
    if (seconds < size) continue;
    const rest = Math.floor((seconds % size) / part);
    return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`;
  }
  return `${Math.floor(seconds)} s`;
}

export function localise(root = document) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[data-time]")) {
    const moment = new Date(element.dateTime);
    element.textContent = STYLES[element.dataset.time](moment, now);
    element.dataset.utc ??= element.title;
    element.title = `${whole.format(moment)}\n${element.dataset.utc}`;
  }
  tick(root);
}

function tick(root) {
  for (const element of root.querySelectorAll("[data-since]")) {
    element.textContent = span((Date.now() - new Date(element.dataset.since)) / 1000);
  }
}

export function keepTimes() {
  localise();
  setInterval(localise, 30_000);
  setInterval(() => document.hidden || tick(document), 1000);
}
