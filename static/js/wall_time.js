// Moments as the clocks of a time zone show them, in the form of datetime-local: 2026-11-22T09:30.

/** Return what the clocks of a zone show at a moment. */
export function wallTime(moment, zone) {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  return format.format(moment).replace(" ", "T");
}

/** Return the moment at which the clocks of a zone show this wall time. */
export function momentOf(wall, zone) {
  const asUtc = new Date(`${wall}Z`);
  let moment = asUtc;
  // The offset at the guess is the offset at the moment, but for the hours around a change: hence a second look.
  for (let look = 0; look < 2; look++) moment = new Date(+asUtc - (new Date(`${wallTime(moment, zone)}Z`) - moment));
  return moment;
}

/** Return the zone of that name, or UTC where this browser knows none: the server says what is wrong with it. */
export function zoneOf(name) {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    return name;
  } catch {
    return "UTC";
  }
}

export const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
