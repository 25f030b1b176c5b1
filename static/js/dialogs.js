// Dialogs and menus: <button data-opens="dialog-id">, <button data-closes>, <details data-menu>.

export function connectDialogs() {
  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    else if (target.closest("[data-closes]")) target.closest("dialog").close();
    else if (target.matches("dialog[open]")) closeOutside(target);
  });
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
