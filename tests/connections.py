"""Two connections to the database that do something at the same moment."""

from collections.abc import Callable
from threading import Thread

from django.db import connection, transaction

from tests.processes import eventually


class Meanwhile(Thread):
    """Something done on a connection of its own, that is found to wait for its turn."""

    def __init__(self, what: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.what = what
        self.raised: Exception | None = None

    def run(self) -> None:
        try:
            self.what()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.raised = error
        finally:
            connection.close()

    def is_waiting(self) -> bool:
        assert self.is_alive(), f"it did not wait: {self.raised}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            return cursor.fetchone() is not None


def at_once(first: Callable[[], object], second: Callable[[], object]) -> Exception | None:
    """Do the second while the first is done but not committed; return what the second raised."""
    with transaction.atomic():
        first()
        meanwhile = Meanwhile(second)
        meanwhile.start()
        eventually(meanwhile.is_waiting, within=10, else_say="the second waits for its turn")
    meanwhile.join(timeout=30)
    return meanwhile.raised
