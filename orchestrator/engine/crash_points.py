"""Named places between two durable steps, where a test lets a process die as if its power were cut (tests/faults).

`ANABRANCH_CRASH_AT=claimed@/some/file`: the first process that comes to the point `claimed` and can remove the file
dies there; `*` names every point. Without the variable, as everywhere but in tests, a point is one comparison.
"""

import os

CRASHED = 70

_name, _, _token = os.environ.get("ANABRANCH_CRASH_AT", "").partition("@")


def point(name: str) -> None:
    """End this process at once if a test wants it to die here."""
    if _name and _name in (name, "*"):
        try:
            os.unlink(_token)
        except FileNotFoundError:
            return
        os._exit(CRASHED)
