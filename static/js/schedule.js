// The schedule form: what it would do, in words and as times, while it is being typed. Times are computed on the
// server only, by the same code that fires.
import { send } from "./api.js";
import { add, fireTime } from "./fire_times.js";
import { addKind, clearAll, showProblems } from "./forms.js";
import { fill, hasOthers, rulesOf } from "./schedule_rules.js";
import { here, momentOf, wallTime, zoneOf } from "./wall_time.js";

const DELAY = 200;
const SHOWN = 5;
const UNITS = [604800, 86400, 3600, 60, 1];
const form = document.getElementById("schedule-form");
// By id: a parameter of the flow may have the same name.
const byId = (...ids) => ids.map((id) => document.getElementById(id));
const [kind, cron, timezone, dayOr, startAt, endAt] = byId("kind", "cron", "timezone", "day_or", "start_at", "end_at");
const [dates, interval, unit] = byId("dates", "interval_seconds", "interval_unit");
const [days, from, to, weekend] = byId("days", "hours_from", "hours_to", "weekend");
const written = JSON.parse(document.getElementById("rules").dataset.value);
const ruleFields = { days, from, to, weekend };
// Wall times show minutes; what nobody has changed is sent to the second as it was.
const untouched = new Map();

function asWallTime(iso) {
  const wall = wallTime(new Date(iso), zoneOf(timezone.value));
  untouched.set(`${wall} ${timezone.value}`, iso);
  return wall;
}

function moment(wall) {
  const known = untouched.get(`${wall} ${timezone.value}`);
  if (known || Number.isNaN(Date.parse(`${wall}Z`))) return known ?? wall;
  return momentOf(wall, zoneOf(timezone.value)).toISOString();
}

/** Return the moments of a text of one date and time a line; a line that is none is left to the server to refuse. */
function momentsOf(text) {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter(Boolean).map((line) => moment(line.replace(/\s+(\d{1,2}):/, (_, hour) => `T${hour.padStart(2, "0")}:`)));
}

function secondsOf(text) {
  const count = Number(text);
  return text.trim() === "" || Number.isNaN(count) ? text : count * Number(unit.value);
}

addKind("moment", moment);
addKind("moments", momentsOf);
addKind("interval", secondsOf);
addKind("rules", () => rulesOf(ruleFields, written));

function show({ description, next_fire_times: times }) {
  form.querySelector("[data-preview-words]").textContent = description;
  const list = form.querySelector("[data-preview-times]");
  list.replaceChildren(...times.map((time) => fireTime(time, timezone.value)));
  if (!times.length) add(list, "li", "Never: the schedule is over, or its rules leave no time.", "muted");
}

let asked;
async function preview() {
  asked?.abort();
  asked = new AbortController();
  try {
    const { ok, data } = await send("POST", form.dataset.preview, { ...inputs(), count: SHOWN }, { signal: asked.signal });
    clearAll(form);
    form.querySelector("#preview").toggleAttribute("data-stale", !ok);
    if (ok) show(data);
    else if (document.activeElement?.form === form) showProblemsQuietly(data);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

function inputs() {
  const common = { kind: kind.value, timezone: timezone.value, rules: rulesOf(ruleFields, written) };
  if (kind.value === "dates") return { ...common, dates: momentsOf(dates.value) };
  const ends = { start_at: startAt.value ? moment(startAt.value) : null, end_at: endAt.value ? moment(endAt.value) : null };
  if (kind.value === "interval") return { ...common, ...ends, interval_seconds: secondsOf(interval.value) || null };
  return { ...common, ...ends, cron: cron.value, day_or: dayOr.value === "true" };
}

/** Say what is wrong without taking the cursor away from where somebody types. */
function showProblemsQuietly(data) {
  const typing = document.activeElement;
  showProblems(form, data);
  typing?.focus();
}

/** Whether the two day fields are both restricted, so that it matters how they go together. */
function namesBothDays() {
  const [, , day, , weekday] = cron.value.trim().split(/\s+/);
  return Boolean(day && weekday && !day.startsWith("*") && !weekday.startsWith("*"));
}

/** Show the fields of the chosen kind; those of the others are not sent. */
function chooseFields() {
  for (const part of form.querySelectorAll("[data-for-kinds]")) {
    part.disabled = part.hidden = !part.dataset.forKinds.split(" ").includes(kind.value);
  }
  form.querySelector("#day-rule").hidden = !namesBothDays();
}

let timer;
function changed() {
  chooseFields();
  clearTimeout(timer);
  timer = setTimeout(preview, DELAY);
}

for (const control of [startAt, endAt]) if (control.dataset.value) control.value = asWallTime(control.dataset.value);
dates.value = JSON.parse(dates.dataset.value).map((iso) => asWallTime(iso).replace("T", " ")).join("\n");
if (interval.dataset.value) {
  const seconds = Number(interval.dataset.value);
  unit.value = UNITS.find((size) => seconds % size === 0);
  interval.value = seconds / Number(unit.value);
}
fill(ruleFields, written);
form.querySelector("#other-rules").hidden = !hasOthers(written);
if ("new" in form.dataset && here) timezone.value = here;
for (const control of form.querySelectorAll("#when :is(input, select, textarea)")) control.addEventListener("input", changed);
for (const button of form.querySelectorAll("[data-cron]")) {
  button.addEventListener("click", () => {
    cron.value = button.dataset.cron;
    changed();
  });
}
chooseFields();
preview();
