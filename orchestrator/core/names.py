"""What can name a flow, a task or a queue of workers, and how high a priority can be."""

import re

MAX_NAME = 200

MAX_PRIORITY = 100

_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
QUEUE_WANTED = "a queue's name: up to 50 letters, digits, dots, dashes and underscores"


def is_name(value: object) -> bool:
    """Return whether a value can name a flow or a task: 1 to 200 printable characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.isprintable()


def is_queue(value: object) -> bool:
    """Return whether a value can name a queue of workers."""
    return isinstance(value, str) and _QUEUE.fullmatch(value) is not None
