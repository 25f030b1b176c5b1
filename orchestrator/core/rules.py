"""The rules of a schedule over its clocks' times: filters and adjustments, and their JSON form.

`{"filters": [{"name": "is_weekday"}], "adjustments": [{"name": "add", "seconds": 3600}]}`; what is empty is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from orchestrator.core.adjustments import ADJUSTMENTS, Adjustment
from orchestrator.core.cron_words import listed
from orchestrator.core.filters import FILTERS, Filter
from orchestrator.core.wall_clock import ScheduleError

MOST_RULES = 20


@dataclass(frozen=True)
class Rules:
    """A time passes if all `filters`, one of `or_filters` (where there are any) and none of `not_filters` say so.

    Then the adjustments move it, one after the other.
    """

    filters: tuple[Filter, ...] = ()
    or_filters: tuple[Filter, ...] = ()
    not_filters: tuple[Filter, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()

    def refused_until(self, moment: datetime) -> datetime | None:
        """Return None if the rules let this local time through, else a moment before which they let none through.

        :raises NeverAgain: no later time is let through
        """
        for each in self.filters:
            if not each(moment):
                return _or_never(each.resumes(moment))
        if any(each(moment) for each in self.not_filters):
            return moment
        if self.or_filters and not any(each(moment) for each in self.or_filters):
            again = [found for each in self.or_filters if (found := each.resumes(moment))]
            return _or_never(min(again, default=None))
        return None

    def adjusted(self, moment: datetime) -> datetime:
        """Return where a local time is moved."""
        for each in self.adjustments:
            moment = each(moment)
        return moment

    @property
    def reach(self) -> tuple[timedelta, timedelta]:
        """The least and the most by which times are moved."""
        reaches = [each.reach for each in self.adjustments]
        return sum((least for least, _ in reaches), timedelta()), sum((most for _, most in reaches), timedelta())

    @property
    def words(self) -> str:
        """The rules in words, as they follow a clock's: ", only on Monday to Friday"; empty for none."""
        parts = []
        if only := [each.words for each in self.filters]:
            parts.append(f"only {listed(only)}")
        if either := [each.words for each in self.or_filters]:
            parts.append(f"{'' if only else 'only '}{listed(either, 'or')}")
        if none := [each.words for each in self.not_filters]:
            parts.append(f"not {listed(none, 'or')}")
        parts += [each.words for each in self.adjustments]
        return "".join(f", {part}" for part in parts)


class NeverAgain(Exception):
    """The filters let no later time through."""


def check_rules(rules: Rules) -> None:
    """Accept rules whose values make sense.

    :raises ScheduleError: naming the place, such as `rules.filters[0].day`
    """
    for group in _GROUPS:
        found = getattr(rules, group)
        if len(found) > MOST_RULES:
            raise ScheduleError(f"rules.{group}", f"At most {MOST_RULES} are kept, not {len(found)}.")
        for index, rule in enumerate(found):
            try:
                rule.check()
            except ScheduleError as error:
                raise ScheduleError(f"rules.{group}[{index}].{error.field}", str(error)) from None


def read_rules(document: object) -> Rules:
    """Return the rules that a JSON document spells, checked.

    :raises ScheduleError: naming the place and what may stand there
    """
    if not isinstance(document, dict):
        raise ScheduleError("rules", "Rules are an object of lists: filters, or_filters, not_filters, adjustments.")
    if unknown := sorted(document.keys() - _GROUPS.keys()):
        raise ScheduleError("rules", f"There are no rules {unknown[0]!r}; there are {', '.join(_GROUPS)}.")
    read: dict[str, Any] = {}
    for group, kinds in _GROUPS.items():
        written = document.get(group, [])
        if not isinstance(written, list):
            raise ScheduleError(f"rules.{group}", "This is a list.")
        read[group] = tuple(
            _read_rule(rule, kinds, f"rules.{group}[{index}]") for index, rule in enumerate(written[: MOST_RULES + 1])
        )
    rules = Rules(**read)
    check_rules(rules)
    return rules


def write_rules(rules: Rules) -> dict[str, list[dict[str, Any]]]:
    """Return the JSON document of rules."""
    written = {group: [_write_rule(rule) for rule in getattr(rules, group)] for group in _GROUPS}
    return {group: found for group, found in written.items() if found}


_Kinds = Mapping[str, type[Filter]] | Mapping[str, type[Adjustment]]
_GROUPS: dict[str, _Kinds] = {
    "filters": FILTERS,
    "or_filters": FILTERS,
    "not_filters": FILTERS,
    "adjustments": ADJUSTMENTS,
}


def _or_never(moment: datetime | None) -> datetime:
    if moment is None:
        raise NeverAgain
    return moment


def _read_rule(document: object, kinds: _Kinds, place: str) -> Filter | Adjustment:
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(name, str) or name not in kinds:
        raise ScheduleError(f"{place}.name", f"{name!r} is none of {', '.join(kinds)}.")
    kind = kinds[name]
    fields = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    if wrong := sorted((document.keys() - {"name"}) ^ fields.keys()):
        takes = ", ".join(fields) or "nothing"
        raise ScheduleError(f"{place}.{wrong[0]}", f"{name} takes {takes}, no more and no less.")
    values = {}
    for field, type_name in fields.items():
        read, what = _READERS[type_name]
        try:
            values[field] = read(document[field])
        except (TypeError, ValueError):
            raise ScheduleError(f"{place}.{field}", f"{document[field]!r:.60} is not {what}.") from None
    return kind(**values)


def _write_rule(rule: Filter | Adjustment) -> dict[str, Any]:
    values = {field.name: getattr(rule, field.name) for field in dataclasses.fields(rule)}
    return {
        "name": rule.name,
        **{name: value if isinstance(value, int) else value.isoformat() for name, value in values.items()},
    }


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _naive_time(value: object) -> time:
    found = time.fromisoformat(_text(value))
    if found.tzinfo is not None:
        raise ValueError
    return found


_READERS: dict[str, tuple[Callable[[object], Any], str]] = {
    "int": (_integer, "a whole number"),
    "time": (_naive_time, "a time of day such as 09:30"),
    "datetime": (
        lambda value: datetime.fromisoformat(_text(value)),
        "a date and time such as 2026-03-02T09:30:00Z",
    ),
}
