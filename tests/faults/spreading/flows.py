"""Flows whose functions start processes of their own."""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool, Process
from pathlib import Path

from django.contrib.contenttypes.models import ContentType

from orchestrator.sdk import Flow, Parameter, task


def square(number: int) -> int:
    """Return a number times itself, having printed and asked the database."""
    print("from a process of its own")
    ContentType.objects.count()
    return number * number


def note_and_stay(folder: str) -> None:
    """Say which process this is, and stay for longer than any test."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(600)


@task
def squares() -> list[int]:
    """Return squares that processes have reckoned."""
    ContentType.objects.count()
    with ProcessPoolExecutor(2) as executor:
        first = list(executor.map(square, [1, 2]))
    with Pool(2) as pool:
        return first + pool.map(square, [3, 4])


@task
def spreads(folder: str, stubborn: bool) -> None:
    """Wait for two processes that do not end; `stubborn` swallows what is to stop it."""
    while True:
        try:
            with ProcessPoolExecutor(2) as executor:
                list(executor.map(note_and_stay, [folder, folder]))
        except BaseException:
            if not stubborn:
                raise


@task
def leaves(folder: str) -> None:
    """End while a process that was started goes on, having said how it ends."""
    Process(target=note_and_stay, args=[folder]).start()
    sys.exit("that is all")


with Flow("squares") as squaring:
    squares()

with Flow("spreads") as spreading:
    spreads(Parameter("folder"), Parameter("stubborn", default=False))

with Flow("spreads too long") as overdue:
    spreads.copy(timeout_seconds=0.5)(Parameter("folder"), Parameter("stubborn", default=False))

with Flow("leaves") as leaving:
    leaves(Parameter("folder"))
