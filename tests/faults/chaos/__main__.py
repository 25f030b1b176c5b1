"""Start everything, harm it for a while, let it converge, judge: `make chaos SECONDS=90`. Exit code 1: not well."""

import argparse
import os
import random
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / ".anabranch" / "chaos"
TOKENS = HOME / "crash-tokens"
os.environ |= {
    "ANABRANCH_HOME": str(HOME),
    "ANABRANCH_APPS": "tests.faults.shapes",
    "ANABRANCH_LOG_LEVEL": "WARNING",
    # Losses are noticed sooner than in production, so that there can be many.
    "ANABRANCH_LEASE_SECONDS": "2",
    "ANABRANCH_RECOVER_SECONDS": "1",
    "ANABRANCH_STOP_GRACE_SECONDS": "0.3",
    "ANABRANCH_CRASH_AT": str(TOKENS),
}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")
for name in ("DATABASE_URL", "REDIS_URL"):
    os.environ.pop(name, None)

from orchestrator.embedded.servers import Servers  # noqa: E402 - the environment comes first

TICK_SECONDS = 0.05
PAUSES = (0.3, 1.5)


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=90.0)
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, for the same harm at the same times")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    print(f"chaos: {arguments.seconds:g} seconds, seed {seed}", flush=True)
    shutil.rmtree(TOKENS, ignore_errors=True)
    TOKENS.mkdir(parents=True)
    with Servers(HOME) as servers:
        return _run(servers, arguments.seconds, random.Random(seed))


def _run(servers: Servers, seconds: float, chance: random.Random) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    from orchestrator.engine import crash_points

    # The points are for those that this process starts: it starts flow runs itself, and lives to tell.
    crash_points._folder = ""

    call_command("migrate", interactive=False, verbosity=0)
    from tests.faults.chaos.clocks import Clocks
    from tests.faults.chaos.harm import Harm
    from tests.faults.chaos.load import Load
    from tests.faults.chaos.parts import Parts
    from tests.faults.chaos.verdict import judge, wait_for_convergence

    load = Load(chance)
    clocks = Clocks(load.flows["steady"], seconds)
    with Parts(servers, HOME / "logs") as parts:
        harm = Harm(parts, TOKENS, chance)
        end = time.monotonic() + seconds
        next_harm = time.monotonic() + 2.0
        while time.monotonic() < end:
            parts.replace_ended()
            load.start_some(parts.web)
            if time.monotonic() > next_harm:
                harm.do_one()
                next_harm = time.monotonic() + chance.uniform(*PAUSES)
            time.sleep(TICK_SECONDS)
        harm.mend()
        converged = wait_for_convergence(parts, clocks)
        print("done to it: " + ", ".join(f"{what} {count}" for what, count in sorted(harm.done.items())))
        print(f"processes that ended by themselves: {parts.ended or 'none'}")
        return judge(load, clocks, converged)


if __name__ == "__main__":
    sys.exit(main())
