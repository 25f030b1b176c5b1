/** Moments and durations as people read them. The reader's zone; the exact moment belongs in a title. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `0.4 s`, `12 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return pair(whole, MINUTE, 'min', 1, 's');
  if (whole < DAY) return pair(whole, HOUR, 'h', MINUTE, 'min');
  return pair(whole, DAY, 'd', HOUR, 'h');
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small);
  const head = `${Math.floor(seconds / large)} ${largeUnit}`;
  return rest ? `${head} ${rest} ${smallUnit}` : head;
}

/** Seconds from one moment to another, or to `now` while it has not ended; null if it has not begun. */
export function secondsBetween(start: string | null, end: string | null, now: number): number | null {
  if (!start) return null;
  return Math.max(0, ((end ? Date.parse(end) : now) - Date.parse(start)) / 1000);
}

// The 24-hour clock and day before month, as the pages and the logs have them (static/js/times.js).
const LANGUAGE = 'en-GB';

/** The moment with its day where that is not today, and its year where that is another one. */
export function momentText(moment: string | null, now: number): string {
  if (!moment) return '–';
  const at = new Date(moment);
  const today = new Date(now);
  const clock = at.toLocaleTimeString(LANGUAGE, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  if (at.toDateString() === today.toDateString()) return clock;
  const year = at.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return `${at.toLocaleDateString(LANGUAGE, { day: 'numeric', month: 'short', year })}, ${clock}`;
}
