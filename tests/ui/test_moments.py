"""Moments and spans in words."""

from datetime import timedelta

import pytest

from flows_ui.templatetags.moments import clock, in_words, local, moment, span, when


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (0.42, "0.4 s"),
        (9.94, "9.9 s"),
        (12.9, "12 s"),
        (60, "1 min"),
        (72, "1 min 12 s"),
        (7500, "2 h 5 min"),
        (3600 * 76, "3 d 4 h"),
        (-1, "0.0 s"),
    ],
)
def test_spans_in_their_two_largest_units(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words


def test_a_span_without_an_end_is_empty():
    assert span("2026-11-22T09:30:00Z", None) == ""
    assert span("2026-11-22T09:30:00Z", "2026-11-22T09:31:12.5Z") == "1 min 12 s"


def test_a_moment_is_written_in_utc():
    assert moment("2026-11-22T09:30:00-05:00") == (
        '<time datetime="2026-11-22T14:30:00+00:00" title="2026-11-22 14:30:00 UTC" data-time="relative">'
        "22 Nov 2026, 14:30 UTC</time>"
    )
    assert moment(None, "never") == "never"


@pytest.mark.parametrize(("filter_", "style"), [(moment, "relative"), (clock, "clock"), (when, "when")])
def test_each_filter_asks_the_browser_for_its_own_way_of_showing_a_moment(filter_, style):
    assert f'data-time="{style}"' in filter_("2026-11-22T09:30:00Z")
    assert filter_("", "never") == "never"


def test_a_moment_can_be_told_in_a_zone_of_its_own():
    assert local("2026-11-22T02:30:00Z", "America/New_York") == (
        '<time datetime="2026-11-22T02:30:00+00:00" title="2026-11-22 02:30:00 UTC">21 Nov 2026, 21:30</time>'
    )
    assert local(None, "UTC") == ""
