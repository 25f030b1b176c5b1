"""Become a command that does not outlive its parent: `python leash.py PARENT SIGNAL UID GID COMMAND ...`.

Run as a script, so that no code has to run between fork and exec of a process that has threads. On Linux the
kernel sends SIGNAL when the parent dies, however it dies; elsewhere only an orderly end of the parent ends the
command. UID and GID of -1 mean: stay who you are.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal: int, uid: int, gid: int, *, command: list[str]) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, which would undo it.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal)
        if os.getppid() != parent:
            sys.exit("the parent was gone before the command could start")
    os.execv(command[0], command)


if __name__ == "__main__":
    numbers, words = sys.argv[1:5], sys.argv[5:]
    main(*(int(number) for number in numbers), command=words)
