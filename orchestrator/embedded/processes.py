"""Child processes that end with us, and left-over ones of a supervisor that was killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from orchestrator.embedded.account import Account

LEASH = Path(__file__).with_name("leash.py")

# Signals to send one after the other, each with the seconds it is given to work.
Steps = Sequence[tuple[signal.Signals, float]]


class StillRunning(Exception):
    """A process that has been told to end, and killed, and is still there."""


def spawn(
    command: Sequence[str | Path],
    *,
    when_orphaned: signal.Signals,
    account: Account | None = None,
    output: IO[bytes] | int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` (its first word an absolute path) as the leader of its own session and process group.

    On Linux it gets the signal `when_orphaned` when the thread that called this ends, so call it from one that
    lives as long as the command should. `account` needs root; standard output and error both go to `output`.
    """
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    words = [sys.executable, "-I", "-S", LEASH, os.getpid(), int(when_orphaned), uid, gid, *command]
    return subprocess.Popen(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=env,
        cwd=cwd,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], steps: Steps) -> None:
    """Return when `process` has ended: by itself, or by the first of `steps` that works.

    :raises StillRunning: none of them did
    """
    for number, seconds in steps:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        raise StillRunning(f"process {process.pid} does not end")


def end_left_over(pid: int, *, marker: str, steps: Steps) -> None:
    """End the process `pid` if its command line contains `marker`: it may long be somebody else's number.

    :raises StillRunning: none of `steps` ended it
    """
    for number, seconds in steps:
        if marker not in command_line(pid):
            return
        os.kill(pid, number)
        give_up = time.monotonic() + seconds
        while marker in command_line(pid) and time.monotonic() < give_up:
            time.sleep(0.02)
    if marker in command_line(pid):
        raise StillRunning(f"process {pid}, left over from an earlier start, does not end: {command_line(pid)}")


def command_line(pid: int) -> str:
    """Return the command line of a live process, or nothing if there is none (a zombie has none either)."""
    try:
        if sys.platform == "linux":
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return listed.stdout
