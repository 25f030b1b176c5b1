"""Flows whose functions start processes of their own."""

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool, Process
from subprocess import Popen, run

from django.contrib.contenttypes.models import ContentType
from joblib import Parallel, delayed

from orchestrator.sdk import Flow, Parameter, task
from tests.faults.spreading.reckoning import note_and_stay, twice


def square(number: int) -> int:
    """Return a number times itself, having printed and asked the database."""
    print("from a process of its own")
    ContentType.objects.count()
    return number * number


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
def shells(folder: str, stubborn: bool) -> None:
    """Wait for a shell that waits for two programs which do not end, beside one in a session of its own."""
    Popen(["sh", "-c", 'touch "$0/$$"; exec sleep 600', f"{folder}-own"], start_new_session=True)
    while True:
        try:
            # Commands in brackets are a process each, and so is what they start.
            one = f'(sh -c \'touch "$0/$$"; sleep 600\' "{folder}"; true)'
            run(f"{one} & {one}; true", shell=True, check=True)
        except BaseException:
            if not stubborn:
                raise


@task
def reckons(folder: str) -> None:
    """Let joblib's processes reckon, and then wait for two of them that do not end."""
    if Parallel(n_jobs=2)(delayed(twice)(number) for number in (5, 6)) != [10, 12]:
        raise ValueError("joblib did not reckon.")
    Parallel(n_jobs=2)(delayed(note_and_stay)(folder) for _ in range(2))


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

with Flow("shells") as shelling:
    shells(Parameter("folder"), Parameter("stubborn", default=False))

with Flow("reckons") as reckoning:
    reckons(Parameter("folder"))

with Flow("leaves") as leaving:
    leaves(Parameter("folder"))
