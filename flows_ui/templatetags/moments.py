"""Moments and spans of time on the pages. The browser turns them into the reader's own zone (static/js/times.js)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

Moment = datetime | str | None


def _read(moment: Moment) -> datetime | None:
    if not moment:
        return None
    return (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(UTC)


@register.filter
def moment(value: Moment, absent: str = "") -> SafeString | str:
    """Return a <time> that shows how long ago or how soon; `absent` where there is no moment."""
    return _time(value, "relative", absent)


@register.filter
def clock(value: Moment, absent: str = "") -> SafeString | str:
    """Return a <time> that shows date and time of day; `absent` where there is no moment."""
    return _time(value, "clock", absent)


@register.filter
def when(value: Moment, absent: str = "") -> SafeString | str:
    """Return a <time> that shows the time of day, for today how long ago as well; `absent` where there is no moment."""
    return _time(value, "when", absent)


@register.filter
def local(value: Moment, zone: str) -> SafeString | str:
    """Return a <time> that shows date and time of day in a zone, whatever zone the reader is in."""
    found = _read(value)
    if found is None:
        return ""
    there = found.astimezone(ZoneInfo(zone))
    shown = f"{there.day} {there:%b %Y, %H:%M}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        found.isoformat(timespec="seconds"),
        f"{found:%Y-%m-%d %H:%M:%S} UTC",
        shown,
    )


def _time(value: Moment, style: str, absent: str) -> SafeString | str:
    found = _read(value)
    if found is None:
        return absent
    return format_html(
        '<time datetime="{}" title="{}" data-time="{}">{}</time>',
        found.isoformat(timespec="seconds"),
        f"{found:%Y-%m-%d %H:%M:%S} UTC",
        style,
        f"{found.day} {found:%b %Y, %H:%M} UTC",
    )


@register.simple_tag
def span(start: Moment, end: Moment) -> str:
    """Return how long it took, "1 min 12 s"; nothing where it has not started or not ended."""
    started, ended = _read(start), _read(end)
    return in_words(ended - started) if started and ended else ""


def in_words(length: timedelta) -> str:
    """Return a length in its two largest units: "0.4 s", "12 s", "1 min 12 s", "2 h 5 min", "3 d 4 h"."""
    seconds = max(length.total_seconds(), 0)
    if seconds < 10:
        return f"{seconds:.1f} s"
    units = [("d", 86400), ("h", 3600), ("min", 60), ("s", 1)]
    whole = int(seconds)
    for (unit, size), (smaller, part) in pairwise(units):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"
