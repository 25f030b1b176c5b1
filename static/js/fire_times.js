// Fire times as lists show them: in the schedule's zone, in the reader's, and what daylight saving does to them.
import { relatively } from "./times.js";
import { here, wallTime, zoneOf } from "./wall_time.js";

/** Return the list item of one fire time as the API tells it. */
export function fireTime({ utc, local, offset, note, has_run: hasRun }, zoneName) {
  const item = document.createElement("li");
  const moment = new Date(utc);
  const zone = zoneOf(zoneName);
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const seconds = local.slice(17, 19) === "00" ? 16 : 19;
  add(item, "strong", `${day.format(moment)}, ${local.slice(11, seconds)}`);
  add(item, "span", hasRun ? "has a run" : `UTC${offset} · ${relatively(moment, new Date(), { always: true })}`, "muted small");
  if (wallTime(moment, zone) !== wallTime(moment, here)) {
    const mine = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
    add(item, "span", `${mine.format(moment)} here (${here})`, "fires__words muted small");
  }
  if (note) add(item, "span", note, "tag tag--warning fires__note");
  return item;
}

export function add(parent, tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  parent.append(element);
}
