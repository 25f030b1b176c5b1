// A page that is loaded again because a form was sent gives the focus back to where the form was sent from.
const KEPT = "focus-after-reload";

/** Remember the group of buttons, an element with an id, that a form or the opener of its dialog stands in. */
export function keepPlace(form) {
  const dialog = form.closest("dialog");
  const sender = dialog ? document.querySelector(`[data-opens="${dialog.id}"]`) : form;
  const place = sender?.closest("[id]:not(main)");
  if (place) sessionStorage.setItem(KEPT, place.id);
}

export function returnToPlace() {
  const place = document.getElementById(sessionStorage.getItem(KEPT) ?? "");
  sessionStorage.removeItem(KEPT);
  place?.querySelector(":is(a, button):not(:disabled)")?.focus();
}
