// Lists that keep up: an element with an id and data-refresh=SECONDS is replaced by its newer self while something
// in it is unfinished, and looked at more rarely when nothing is.
import { localise } from "./times.js";

const QUIET = 6; // times the interval

export function keepFresh() {
  for (const element of document.querySelectorAll("[id][data-refresh]")) watch(element.id, element.outerHTML);
}

function watch(id, shown) {
  const element = document.getElementById(id);
  const unfinished = element.querySelector("[data-since]") !== null || "unfinished" in element.dataset;
  setTimeout(() => refresh(id, shown), element.dataset.refresh * 1000 * (unfinished ? 1 : QUIET));
}

async function refresh(id, shown) {
  const fresh = document.hidden ? null : await fetched(id);
  const element = document.getElementById(id);
  if (fresh && fresh.outerHTML !== shown && !element.contains(document.activeElement)) {
    shown = fresh.outerHTML;
    element.replaceWith(fresh);
    localise(fresh);
  }
  watch(id, shown);
}

/** Return the element of a page loaded anew; null when the server does not answer or asks to sign in. */
async function fetched(id) {
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!response.ok || response.redirected) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return document.importNode(page.getElementById(id), true);
  } catch {
    return null;
  }
}
