"""Where and how soon something is executed, as people write it."""

from orchestrator.core.admission import Overlap
from orchestrator.core.names import MAX_PRIORITY, QUEUE_WANTED, is_queue


def queue_of(written: str | None) -> str:
    """Return the name of a queue, nothing for none.

    :raises ValueError: it cannot be the name of a queue
    """
    if written is None or is_queue(written):
        return written or ""
    raise ValueError(f"queue must be {QUEUE_WANTED}, not {written!r:.80}.")


def priority_of(written: int) -> int:
    """Return a priority.

    :raises ValueError: it is not a whole number within the limits
    """
    if isinstance(written, int) and not isinstance(written, bool) and abs(written) <= MAX_PRIORITY:
        return written
    raise ValueError(f"priority must be a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}, not {written!r:.80}.")


def limit_of_runs(max_runs: int | None, overlap: Overlap | str) -> tuple[int | None, Overlap]:
    """Return how many runs of a flow may be under way at once, and what becomes of one more.

    :raises ValueError: no whole number from 1, or no such policy
    """
    if max_runs is not None and not (isinstance(max_runs, int) and not isinstance(max_runs, bool) and max_runs > 0):
        raise ValueError(f"max_runs must be a whole number from 1, not {max_runs!r:.80}.")
    try:
        return max_runs, Overlap(overlap)
    except ValueError:
        raise ValueError(f"There is no overlap {overlap!r:.80}; there are {', '.join(Overlap)}.") from None
