// Dialogs and menus: <button data-opens="dialog-id">, <button data-closes>, <details data-menu>.

export function connectDialogs() {
  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-opens]");
    if (opener) open(document.getElementById(opener.dataset.opens));
    else if (target.closest("[data-closes]")) target.closest("dialog").close();
    else if (target.matches("dialog[open]")) closeOutside(target);
  });
}

const FIRST = [
  "[autofocus]",
  ".dialog__body :is(input:not([type=hidden]), select, textarea)",
  "[type=submit]",
];

/** Show a dialog with the focus where one begins, not on what closes it. */
function open(dialog) {
  dialog.showModal();
  FIRST.map((selector) => dialog.querySelector(selector)).find(Boolean)?.focus();
}

/** A click on the dialog itself, not on anything in it, is a click on its backdrop; what was typed is kept. */
function closeOutside(dialog) {
  if (!dialog.querySelector(":is(input:not([type=hidden]), textarea):not(:placeholder-shown)")) dialog.close();
}

export function connectMenus() {
  const open = () => document.querySelectorAll("details[data-menu][open]");
  document.addEventListener("click", ({ target }) => {
    for (const menu of open()) if (!menu.contains(target) || target.closest(".menu__list")) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
