// The backfill form: the exact fire times that it would run, before it runs any.
import { send } from "./api.js";
import { add, fireTime } from "./fire_times.js";
import { addKind, clearAll, showProblems } from "./forms.js";
import { momentOf, wallTime, zoneOf } from "./wall_time.js";

const DELAY = 200;
const MOST_SHOWN = 100;
const form = document.getElementById("backfill-form");

addKind("instant", (wall, { dataset }) => momentOf(wall, zoneOf(dataset.zone)).toISOString());
if (form) connect(form);

function connect(form) {
  const [since, until] = ["since", "until"].map((id) => document.getElementById(id));
  const zone = zoneOf(form.dataset.zone);
  const button = form.querySelector("[type=submit]");

  function show({ total, already_run: done, fire_times: times }) {
    const runs = (count) => `${count.toLocaleString("en-GB")} fire time${count === 1 ? "" : "s"}`;
    const words = done ? `${runs(total)} to run; ${done.toLocaleString("en-GB")} have their runs already.` : `${runs(total)} to run.`;
    form.querySelector("[data-plan-words]").textContent = words;
    const list = form.querySelector("[data-plan-times]");
    list.replaceChildren(...times.slice(0, MOST_SHOWN).map((time) => fireTime(time, form.dataset.zone)));
    if (times.length > MOST_SHOWN) add(list, "li", `and ${(times.length - MOST_SHOWN).toLocaleString("en-GB")} more`, "muted");
  }

  let asked;
  async function preview() {
    asked?.abort();
    asked = new AbortController();
    if (!since.value || !until.value) return;
    const body = { since: momentOf(since.value, zone).toISOString(), until: momentOf(until.value, zone).toISOString() };
    try {
      const { ok, data } = await send("POST", form.dataset.preview, body, { signal: asked.signal });
      clearAll(form);
      form.querySelector("[data-plan]").hidden = !ok;
      button.disabled = !ok || data.total === 0;
      if (ok) return show(data);
      const typing = document.activeElement;
      showProblems(form, data);
      typing?.focus();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  let timer;
  function changed() {
    clearTimeout(timer);
    timer = setTimeout(preview, DELAY);
  }

  document.getElementById("other-parameters")?.addEventListener("change", ({ target }) => {
    const fields = document.getElementById("backfill-parameters");
    fields.hidden = fields.disabled = !target.checked;
  });
  for (const control of [since, until]) control.addEventListener("input", changed);
  for (const preset of form.querySelectorAll("[data-days]")) {
    preset.addEventListener("click", () => {
      const midnight = `${wallTime(new Date(), zone).slice(0, 11)}00:00`;
      const start = new Date(`${midnight}Z`);
      start.setUTCDate(start.getUTCDate() - Number(preset.dataset.days));
      since.value = start.toISOString().slice(0, 16);
      until.value = wallTime(new Date(), zone);
      changed();
    });
  }
}
