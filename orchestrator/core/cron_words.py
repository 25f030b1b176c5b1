"""Cron lines in words, as people say them."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from orchestrator.core.cron import LAST, LAST_WEEKDAY, Cron

WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", LAST: "last"}
_MOST_TIMES = 6


def in_words(cron: Cron) -> str:
    """Return the line in words, without a zone: "At 09:30 on Monday to Friday"."""
    return " ".join(part for part in (_times(cron), _days(cron), _months(cron)) if part)


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _times(cron: Cron) -> str:
    minutes, hours = cron.minutes, cron.hours
    if len(minutes) * len(hours) <= _MOST_TIMES:
        return "At " + listed([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])
    if len(minutes) == 1:
        if step := _step(hours, 24):
            return f"{_every(step, 'hour')}, {_past(minutes[0])}"
        if _is_run(hours):
            return f"Every hour from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[0]:02}"
        return "At " + listed([f"{hour:02}:{minutes[0]:02}" for hour in hours])
    step = _step(minutes, 60)
    how_often = _every(step, "minute") if step else f"At minutes {listed([str(minute) for minute in minutes])}"
    if len(hours) == 24:
        return how_often if step else f"{how_often} of every hour"
    if _is_run(hours):
        return f"{how_often} from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"
    return f"{how_often} of the hours {listed([f'{hour:02}' for hour in hours])}"


def _days(cron: Cron) -> str:
    if cron.any_day and cron.any_weekday:
        # "Every 5 minutes every day" says it twice.
        return "every day" if len(cron.minutes) * len(cron.hours) <= _MOST_TIMES else ""
    if cron.any_day:
        return "on " + _weekdays(cron, "and")
    if cron.any_weekday:
        return "on " + _days_of_month(cron)
    if cron.either_day:
        return f"on {_days_of_month(cron)} or on {_weekdays(cron, 'or')}"
    return f"on {_days_of_month(cron)}, where that is {_weekdays(cron, 'or')}"


def _months(cron: Cron) -> str:
    if len(cron.months) == 12:
        return ""
    return "in " + listed(_grouped(sorted(cron.months), lambda month: MONTHS[month - 1]))


def _days_of_month(cron: Cron) -> str:
    words = []
    if plain := sorted(day for day in cron.days if day > 0):
        words.append("the " + listed(_grouped(plain, _ordinal)))
    if LAST in cron.days:
        words.append("the last day")
    if LAST_WEEKDAY in cron.days:
        words.append("the last weekday")
    return f"{listed(words)} of the month"


def _weekdays(cron: Cron, last: str) -> str:
    # The week begins on Monday here, so that Saturday and Sunday stand together.
    plain = sorted((item for item in cron.weekdays if isinstance(item, int)), key=lambda day: (day - 1) % 7)
    nth = sorted(item for item in cron.weekdays if isinstance(item, tuple))
    words = _grouped([(day - 1) % 7 for day in plain], lambda index: WEEKDAYS[(index + 1) % 7])
    words += [f"the {_NTH[number]} {WEEKDAYS[day]} of the month" for day, number in nth]
    return listed(words, last)


def _grouped(values: Sequence[int], name: Callable[[int], str]) -> list[str]:
    """Return the names of values, three or more in a row as "first to last"."""
    words: list[str] = []
    rest = list(values)
    while rest:
        length = 1
        while length < len(rest) and rest[length] == rest[0] + length:
            length += 1
        run, rest = rest[:length], rest[length:]
        words += [f"{name(run[0])} to {name(run[-1])}"] if length > 2 else [name(value) for value in run]
    return words


def _step(values: Collection[int], whole: int) -> int | None:
    """Return n where the values are every n-th from 0 and n divides the whole; else None."""
    step = whole // len(values)
    return step if list(values) == list(range(0, whole, step)) and whole % step == 0 else None


def _is_run(values: Sequence[int]) -> bool:
    return all(after == before + 1 for before, after in pairwise(values))


def _every(step: int, unit: str) -> str:
    return f"Every {unit}" if step == 1 else f"Every {step} {unit}s"


def _past(minute: int) -> str:
    return "on the hour" if minute == 0 else f"at {minute} minute{'' if minute == 1 else 's'} past"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
