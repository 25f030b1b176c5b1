// Forms that talk to the API: <form data-api-form action=URL data-method=POST data-goto="/flow-runs/{id}/">.
//
// Each control names its place in the body (name, and data-group for an object within) and how its text is read
// (data-kind). What the API refuses is said beside the control that it is about, everything else at the top.
import { send } from "./api.js";
import { keepPlace } from "./focus.js";

class Unreadable extends Error {}

const readers = {
  string: (text) => text,
  // What is no number is sent as it is: the API says what it expected, in the same words everywhere.
  integer: (text) => numberOr(text),
  number: (text) => numberOr(text),
  boolean: (text) => text === "true",
  json: (text) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Unreadable(`This is not JSON: ${error.message}`);
    }
  },
};

function numberOr(text) {
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? text : number;
}

/** Let other scripts read controls of a kind of their own. */
export function addKind(kind, reader) {
  readers[kind] = reader;
}

export function connectForms() {
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-api-form]")) return;
    event.preventDefault();
    submit(event.target);
  });
  // A message about a value is over when the value changes.
  document.addEventListener("input", ({ target }) => clear(target.closest("[data-invalid]")));
}

async function submit(form) {
  clearAll(form);
  const body = bodyOf(form);
  if (body === null || form.dataset.busy) return;
  if ("once" in form.dataset) {
    // A double click or an answer that got lost must not start a second run.
    form.dataset.key ||= Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16)).join("");
    body.idempotency_key = `page-${form.dataset.key}-${digest(body)}`;
  }
  busy(form, true);
  const { ok, data } = await send(form.dataset.method, form.getAttribute("action"), form.dataset.method === "DELETE" ? undefined : body);
  if (ok) return leave(form, data);
  busy(form, false);
  showProblems(form, data);
}

/** Tell one set of values from another: a corrected form is a new request, a repeated one is not. */
function digest(body) {
  let hash = 5381;
  for (const char of JSON.stringify(body)) hash = (hash * 33 + char.codePointAt(0)) >>> 0;
  return hash.toString(16);
}

/** Return the body that a form stands for; null, with messages shown, where a value cannot be read. */
export function bodyOf(form) {
  const body = {};
  let readable = true;
  const data = form.querySelector('script[type="application/json"]');
  if (data) body.parameters = JSON.parse(data.textContent);
  for (const control of form.querySelectorAll("[data-kind]")) {
    if (control.matches(":disabled")) continue;
    const { kind, group, empty } = control.dataset;
    if (group) body[group] ??= {};
    if (kind === "group") continue;
    const place = group ? body[group] : body;
    if (control.value === "" && empty !== "text") {
      if (empty === "null") place[control.name] = null;
      continue;
    }
    try {
      place[control.name] = readers[kind](control.value, form);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      complain(control, error.message);
      readable = false;
    }
  }
  if (!readable) form.querySelector("[aria-invalid=true]").focus();
  return readable ? body : null;
}

export function showProblems(form, { message, errors = [] }) {
  const rest = [];
  for (const problem of errors) {
    const control = problem.field && controlOf(form, problem.field);
    if (control) complain(control, problem.message);
    else rest.push(problem.message);
  }
  if (rest.length || !errors.length) tell(form, rest.length ? rest : [message]);
  form.querySelector("[aria-invalid=true]")?.focus();
}

function controlOf(form, field) {
  const bare = field.replace(/^parameters\./, "");
  return [...form.querySelectorAll("[data-kind][name]")].find(
    ({ name, type }) => type !== "hidden" && (bare === name || bare.startsWith(`${name}.`) || bare.startsWith(`${name}[`)),
  );
}

function complain(control, message) {
  const field = control.closest(".field");
  const place = field.querySelector(".field__error");
  place.id ||= `${control.id}-error`;
  place.textContent = place.hidden ? message : `${place.textContent} ${message}`;
  place.hidden = false;
  const folded = field.closest("details");
  if (folded) folded.open = true;
  field.dataset.invalid = "";
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-errormessage", place.id);
}

function tell(form, messages) {
  const place = form.querySelector("[data-form-problem]") ?? toast();
  place.textContent = messages.join(" ");
  place.hidden = false;
}

/** Return a message at the foot of the window, for forms that are only a button. */
function toast() {
  const region = document.querySelector(".toast-region") ?? document.body.appendChild(document.createElement("div"));
  region.className = "toast-region";
  region.setAttribute("role", "alert");
  const message = document.createElement("div");
  message.className = "toast toast--danger";
  region.replaceChildren(message);
  return message;
}

export function clearAll(form) {
  for (const field of form.querySelectorAll("[data-invalid]")) clear(field);
  const place = form.querySelector("[data-form-problem]");
  if (place) place.hidden = true;
}

function clear(field) {
  if (!field) return;
  delete field.dataset.invalid;
  const place = field.querySelector(".field__error");
  if (place) place.hidden = true;
  for (const control of field.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function busy(form, is) {
  if (is) form.dataset.busy = "1";
  else delete form.dataset.busy;
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = is;
}

function leave(form, data) {
  const { goto } = form.dataset;
  if (goto) return location.assign(goto.replace(/\{(\w+)\}/g, (_, name) => data[name]));
  keepPlace(form);
  location.reload();
}
