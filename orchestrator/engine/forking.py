"""The processes that people's functions start from a worker's process: `multiprocessing`, joblib, programs."""

import multiprocessing
import os
import signal
from contextlib import suppress

import psutil
from django.db import connections

from orchestrator.engine.executing import let_go_of_output
from orchestrator.engine.leaving import NOTICE


def allow_processes() -> None:
    """Let functions that this process executes start processes; to be called once, when a worker's process begins.

    Celery makes its processes daemons, which may have no children, so that none outlives them: `end_processes` does
    that here.
    """
    multiprocessing.process.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    os.register_at_fork(after_in_child=_become_their_own)


def end_processes() -> None:
    """Kill the processes of `multiprocessing` and joblib that functions started from this one and that still live."""
    for process in multiprocessing.active_children():
        # It may be closed or gone meanwhile; joblib's have no `kill` of their own.
        with suppress(ValueError, ProcessLookupError):
            if process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)


def end_descendants() -> None:
    """Kill whatever a function started that is stopped: its processes, its programs, and those that they started.

    A program that was started in a session of its own was let go of on purpose.
    """
    session = os.getsid(0)
    for process in psutil.Process().children(recursive=True):
        # Some end meanwhile, by this as well.
        with suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session and not _cleans_up(process):
                process.kill()


def _cleans_up(process: psutil.Process) -> bool:
    """Return whether it is what frees shared memory when all others have ended; it then ends by itself."""
    return any("resource_tracker" in part for part in process.cmdline())


def _become_their_own() -> None:
    """Forget in a forked process what belongs to the worker's: its log, its signals, its database connections."""
    let_go_of_output()
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR2, NOTICE):
        signal.signal(number, signal.SIG_DFL)
    for connection in connections.all(initialized_only=True):
        # Not closed: that would end the session on the server, which the worker goes on using. Nor those of a pool.
        connection.connection = None
        connection.settings_dict["OPTIONS"].pop("pool", None)
