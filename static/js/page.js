// What every page does. Pages work as plain HTML; this adds the reader's own time, forms that talk to the API,
// dialogs, and lists that keep up with what runs.
import { connectDialogs, connectMenus } from "./dialogs.js";
import { returnToPlace } from "./focus.js";
import { connectForms } from "./forms.js";
import { keepFresh } from "./refresh.js";
import { keepTimes } from "./times.js";

connectMenus();
connectDialogs();
connectForms();
returnToPlace();
keepTimes();
keepFresh();

for (const form of document.querySelectorAll("form[data-auto-submit]")) {
  form.addEventListener("change", () => form.requestSubmit());
  // Empty filters do not belong into the address.
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
}
