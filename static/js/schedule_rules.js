// The rules that the schedule form offers. What else code or the API wrote is kept as it is.

const DAYS = ["is_weekday", "is_weekend", "is_month_start", "is_month_end"];

/** Return the rules with the one of these names replaced by `rule`; removed where that is null. */
function withRule(rules, names, rule) {
  const place = rules.findIndex(({ name }) => names.includes(name));
  const others = rules.filter((_, index) => index !== place);
  if (rule) others.splice(place < 0 ? others.length : place, 0, rule);
  return others;
}

const found = (rules, names) => (rules ?? []).find(({ name }) => names.includes(name));

/** Show in the form's fields what the rules say. */
export function fill({ days, from, to, weekend }, rules) {
  days.value = found(rules.filters, DAYS)?.name ?? "";
  const between = found(rules.filters, ["between_times"]);
  from.value = between?.start.slice(0, 5) ?? "";
  to.value = between?.end.slice(0, 5) ?? "";
  weekend.value = found(rules.adjustments, ["next_weekday"])?.name ?? "";
}

/** Return the rules that the form's fields stand for, with those that it does not show. */
export function rulesOf({ days, from, to, weekend }, rules) {
  const hours = from.value || to.value ? { name: "between_times", start: from.value || "00:00", end: to.value || "23:59:59" } : null;
  const before = found(rules.filters, ["between_times"]);
  const same = before && before.start.slice(0, 5) === from.value && before.end.slice(0, 5) === to.value;
  let filters = withRule(rules.filters ?? [], DAYS, days.value ? { name: days.value } : null);
  filters = withRule(filters, ["between_times"], same ? before : hours);
  const adjustments = withRule(rules.adjustments ?? [], ["next_weekday"], weekend.value ? { name: "next_weekday" } : null);
  const all = { ...rules, filters, adjustments };
  return Object.fromEntries(Object.entries(all).filter(([, each]) => each.length));
}

/** Return whether there are rules that the form does not show. */
export function hasOthers(rules) {
  const { filters = [], adjustments = [], ...rest } = rules;
  const hidden = withRule(withRule(filters, DAYS, null), ["between_times"], null);
  return [...hidden, ...withRule(adjustments, ["next_weekday"], null), ...Object.values(rest).flat()].length > 0;
}
