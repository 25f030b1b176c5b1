// The REST API, spoken with the signed-in session.

const OFFLINE = { code: "offline", message: "The server does not answer. Check the connection and try again.", errors: [] };

function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

/**
 * Send JSON and resolve to {ok, code, data}: `data` is the answer, or {code, message, errors} where it was refused.
 * Never rejects, except when `signal` aborts.
 */
export async function send(method, url, body, { signal } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method,
      signal,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { ok: false, code: 0, data: OFFLINE };
  }
  const text = await response.text();
  return { ok: response.ok, code: response.status, data: read(text, response) };
}

function read(text, response) {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return { code: "unreadable", message: `The server answered ${response.status} and not JSON. Its log says why.`, errors: [] };
  }
}
