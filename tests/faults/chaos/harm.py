"""What can befall an installation."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from tests.faults.chaos.parts import Parts

# Of `orchestrator.engine.crash_points`: a process that comes to the point dies there.
POINTS = ["claimed", "executed", "ending", "ended", "telling parents", "parent told", "submitted again"]
POINTS += ["firing schedules", "schedules fired"]
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = %s"


class Harm:
    """Does one harmful thing after the other, at random, and counts them."""

    def __init__(self, parts: Parts, tokens: Path, chance: random.Random) -> None:
        self.parts = parts
        self.tokens = tokens
        self.chance = chance
        self.done: Counter[str] = Counter()
        self._to_resume: list[tuple[float, Callable[[], None]]] = []
        self._kinds: dict[str, tuple[int, Callable[[], None]]] = {
            "worker killed": (4, lambda: parts.kill(self._any("worker"))),
            "pool child killed": (6, self._kill_pool_child),
            "worker told to stop": (3, self._stop_worker),
            "worker frozen past its lease": (2, self._freeze_worker),
            "process dead at a crash point": (6, self._leave_token),
            "beat killed": (2, lambda: parts.kill(self._any("beat"))),
            "web killed": (2, lambda: parts.kill("web-1")),
            "Valkey flushed": (4, lambda: self._of_broker(parts.broker.flush)),
            "Valkey killed": (2, lambda: self._of_broker(self._kill_valkey)),
            "Valkey frozen": (2, lambda: self._of_broker(self._freeze_valkey)),
            "PostgreSQL backends terminated": (3, self._terminate_backends),
            "PostgreSQL restarted at once": (1, self._restart_postgres),
        }

    def do_one(self) -> None:
        """Do something harmful; let go on what was frozen long enough."""
        self._resume()
        names = list(self._kinds)
        (name,) = self.chance.choices(names, weights=[self._kinds[one][0] for one in names])
        self._kinds[name][1]()
        self.done[name] += 1

    def mend(self) -> None:
        """Let everything go on; nothing harmful is left behind."""
        self._resume(all_of_them=True)
        self.parts.valkey.start()
        for token in self.tokens.iterdir():
            token.unlink(missing_ok=True)

    def _resume(self, *, all_of_them: bool = False) -> None:
        now = time.monotonic()
        for moment, go_on in list(self._to_resume):
            if all_of_them or moment <= now:
                self._to_resume.remove((moment, go_on))
                with suppress(ProcessLookupError):
                    go_on()

    def _any(self, kind: str) -> str:
        return self.chance.choice(self.parts.names(kind))

    def _leave_token(self) -> None:
        (self.tokens / self.chance.choice(POINTS)).touch()

    def _kill_pool_child(self) -> None:
        if children := self.parts.pool_children():
            with suppress(psutil.NoSuchProcess):
                self.chance.choice(children).kill()

    def _stop_worker(self) -> None:
        name = self._any("worker")
        number = self.chance.choice([signal.SIGTERM, signal.SIGQUIT])
        self.parts.programs[name].process.send_signal(number)
        # It leaves beside the one that takes its place, as in a rolling deploy; what is left of it is killed later.
        leaving = self.parts.programs[name]
        self._to_resume.append((time.monotonic() + 5.0, leaving.kill))
        self.parts.start(name)

    def _freeze_worker(self) -> None:
        program = self.parts.programs[self._any("worker")]
        program.pause()
        self._to_resume.append((time.monotonic() + self.chance.uniform(2.5, 4.0), program.resume))

    def _of_broker(self, act: Callable[[], None]) -> None:
        """Do something to Valkey, once it goes on: a frozen one can be harmed no further."""
        with suppress(AssertionError, OSError):
            self.parts.broker.resume()
        with suppress(OSError):
            act()

    def _kill_valkey(self) -> None:
        self.parts.broker.kill()
        self.parts.valkey.start()

    def _freeze_valkey(self) -> None:
        self.parts.broker.pause()
        self._to_resume.append((time.monotonic() + self.chance.uniform(1.0, 4.0), self.parts.broker.resume))

    def _terminate_backends(self) -> None:
        with psycopg.connect(**self._maintenance(), autocommit=True) as connection:
            connection.execute(TERMINATE, ["client backend"])

    def _restart_postgres(self) -> None:
        """As `pg_ctl restart -m immediate` does: no client is told, and the log is replayed."""
        process = self.parts.postgres.process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait()
        self.parts.postgres.start()

    def _maintenance(self) -> dict[str, object]:
        from django.db import connection

        used = connection.settings_dict
        return {"host": used["HOST"], "port": used["PORT"] or 5432, "user": used["USER"], "dbname": "postgres"}
