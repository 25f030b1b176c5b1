"""Where and how soon something is executed, as people write it."""

from orchestrator.core.graph import MAX_PRIORITY, QUEUE_WANTED, is_queue


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
