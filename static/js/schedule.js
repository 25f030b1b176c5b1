// The schedule form: what it would do, in words and as times, while it is being typed. Cron is read on the server only,
// by the same code that fires.
import { send } from "./api.js";
import { addKind, bodyOf, clearAll, showProblems } from "./forms.js";
import { relatively } from "./times.js";

const DELAY = 200;
const SHOWN = 5;
const form = document.getElementById("schedule-form");
const { cron, timezone, day_or: dayOr, start_at: startAt, end_at: endAt } = form.elements;
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Return the parts of a moment on the clocks of a zone as datetime-local writes them. */
function wallTime(moment, zone) {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  return format.format(moment).replace(" ", "T");
}

/** Return the moment at which the clocks of a zone show this wall time. */
function momentOf(wall, zone) {
  const asUtc = new Date(`${wall}Z`);
  let moment = asUtc;
  // The offset at the guess is the offset at the moment, but for the hours around a change: hence a second look.
  for (let look = 0; look < 2; look++) moment = new Date(+asUtc - (new Date(`${wallTime(moment, zone)}Z`) - moment));
  return moment;
}

function zoneOf(name) {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    return name;
  } catch {
    return "UTC"; // the server says what is wrong with the zone
  }
}

addKind("moment", (wall) => momentOf(wall, zoneOf(timezone.value)).toISOString());

function fireTime({ utc, local, offset, note }) {
  const item = document.createElement("li");
  const moment = new Date(utc);
  const zone = zoneOf(timezone.value);
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", day: "numeric", month: "short", year: "numeric" });
  add(item, "strong", `${day.format(moment)}, ${local.slice(11, 16)}`);
  add(item, "span", `UTC${offset} · ${relatively(moment, new Date(), { always: true })}`, "muted small");
  if (wallTime(moment, zone) !== wallTime(moment, here)) {
    const mine = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
    add(item, "span", `${mine.format(moment)} here (${here})`, "fires__words muted small");
  }
  if (note) add(item, "span", note, "tag tag--warning fires__note");
  return item;
}

function add(parent, tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  parent.append(element);
}

function show({ description, next_fire_times: times }) {
  form.querySelector("[data-preview-words]").textContent = description;
  const list = form.querySelector("[data-preview-times]");
  list.replaceChildren(...times.map(fireTime));
  if (!times.length) add(list, "li", "Never again: the schedule is over.", "muted");
}

let asked;
async function preview() {
  asked?.abort();
  asked = new AbortController();
  const { cron: line, timezone: zone, day_or, start_at, end_at } = { ...inputs() };
  try {
    const { ok, data } = await send("POST", form.dataset.preview, { cron: line, timezone: zone, day_or, start_at, end_at, count: SHOWN }, { signal: asked.signal });
    clearAll(form);
    form.querySelector("#preview").toggleAttribute("data-stale", !ok);
    if (ok) show(data);
    else if (document.activeElement?.form === form) showProblemsQuietly(data);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

function inputs() {
  const moment = (control) => (control.value ? momentOf(control.value, zoneOf(timezone.value)).toISOString() : null);
  return {
    cron: cron.value,
    timezone: timezone.value,
    day_or: dayOr.value === "true",
    start_at: moment(startAt),
    end_at: moment(endAt),
  };
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

let timer;
function changed() {
  form.querySelector("#day-rule").hidden = !namesBothDays();
  clearTimeout(timer);
  timer = setTimeout(preview, DELAY);
}

for (const control of [startAt, endAt]) {
  if (control.dataset.value) control.value = wallTime(new Date(control.dataset.value), zoneOf(timezone.value));
}
if ("new" in form.dataset && here) timezone.value = here;
for (const control of [cron, timezone, dayOr, startAt, endAt]) control.addEventListener("input", changed);
for (const button of form.querySelectorAll("[data-cron]")) {
  button.addEventListener("click", () => {
    cron.value = button.dataset.cron;
    changed();
  });
}
form.querySelector("#day-rule").hidden = !namesBothDays();
preview();
