"""Lengths of time as people write them: a timedelta, or seconds."""

import math
from datetime import timedelta

Duration = timedelta | float


def seconds_of(duration: Duration, what: str) -> float:
    """Return a length of time in seconds.

    :param what: the argument's name, for the message
    :raises ValueError: it is negative, endless or no length of time
    """
    if isinstance(duration, bool) or not isinstance(duration, timedelta | int | float):
        raise ValueError(f"{what} must be a timedelta or seconds, not {duration!r}.")
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{what} must be zero or more, not {duration!r}.")
    return seconds


def limit_of(duration: Duration | None, what: str) -> float | None:
    """Return a limit in seconds, None for none.

    :raises ValueError: it is not more than zero
    """
    if duration is None:
        return None
    if (seconds := seconds_of(duration, what)) == 0:
        raise ValueError(f"{what} must be more than zero; leave it out for none.")
    return seconds
