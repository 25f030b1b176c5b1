"""The pauses between attempts, as people write them."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.sdk.durations import Duration, limit_of, seconds_of


@dataclass(frozen=True)
class Backoff:
    """Pauses that grow: `first`, then each `factor` times the one before it, at most `most`.

    :param jitter: the share, from 0 to 1, by which each pause is made longer or shorter by chance
    :raises ValueError: a pause below zero, a factor not from 1 to 100, a jitter not from 0 to 1
    """

    first: Duration
    factor: float = 2.0
    most: Duration | None = None
    jitter: float = 0.0

    def __post_init__(self) -> None:
        seconds_of(self.first, "first")
        limit_of(self.most, "most")
        if not 1 <= self.factor <= 100:
            raise ValueError(f"factor must be from 1 to 100, not {self.factor!r}.")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter must be a share from 0 to 1, not {self.jitter!r}.")


RetryDelay = Duration | Sequence[Duration] | Backoff


@dataclass(frozen=True)
class Pauses:
    """What the fields of a graph's task say of its retries, in seconds."""

    first: float = 0.0
    each: tuple[float, ...] = ()
    factor: float = 1.0
    jitter: float = 0.0
    most: float | None = None


def pauses_of(delay: RetryDelay | None) -> Pauses:
    """Return the pauses that a task's `retry_delay` asks for.

    :raises ValueError: a pause that is none, an empty list
    """
    match delay:
        case None:
            return Pauses()
        case Backoff():
            most = limit_of(delay.most, "most")
            return Pauses(seconds_of(delay.first, "first"), (), float(delay.factor), float(delay.jitter), most)
        case list() | tuple():
            if not delay:
                raise ValueError("retry_delay is an empty list; give at least one pause.")
            each = tuple(seconds_of(pause, "retry_delay") for pause in delay)
            return Pauses(each[0], each)
    return Pauses(seconds_of(delay, "retry_delay"))  # type: ignore[arg-type]  # what is no duration is refused


def checked_retries(max_retries: int, retry_delay: RetryDelay | None) -> int:
    """Return how often a task is tried again.

    :raises ValueError: it is no number of retries, or retries without a delay, or a delay without retries
    """
    if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
        raise ValueError(f"max_retries must be a whole number from 0, not {max_retries!r}.")
    if max_retries and retry_delay is None:
        raise ValueError("max_retries needs a retry_delay, for example timedelta(seconds=10).")
    if retry_delay is not None and not max_retries:
        raise ValueError("retry_delay needs max_retries of at least 1.")
    return max_retries


def retry_on_of(types: object, max_retries: int) -> tuple[type[BaseException], ...]:
    """Return the types of exceptions that are retried; none: all are.

    :raises TypeError: something is no type of exceptions
    :raises ValueError: there are no retries
    """
    if types is None:
        return ()
    if not max_retries:
        raise ValueError("retry_on needs max_retries of at least 1.")
    found = tuple(types) if isinstance(types, list | tuple | set | frozenset) else (types,)
    for each in found:
        if not (isinstance(each, type) and issubclass(each, BaseException)):
            raise TypeError(f"retry_on lists types of exceptions, like ConnectionError, not {each!r}.")
    return found
