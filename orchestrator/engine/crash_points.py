"""Named places between two durable steps, where a test lets a process die as if its power were cut (tests/faults).

`ANABRANCH_CRASH_AT=/folder`: whoever comes to the point `claimed` and can remove the file /folder/claimed dies there.
Without the variable, as everywhere but in tests, a point is one comparison.
"""

import os

CRASHED = 70

_folder = os.environ.get("ANABRANCH_CRASH_AT", "")


def point(name: str) -> None:
    """End this process at once if a test wants one to die here."""
    if _folder:
        try:
            os.unlink(f"{_folder}/{name}")
        except FileNotFoundError:
            return
        os._exit(CRASHED)
