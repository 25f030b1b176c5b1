"""Run the workloads, print a table with ratios and save it: `make bench`, `make bench ARGS="W1 W3"`."""

import argparse
import os
import socket
import sys
from contextlib import nullcontext
from io import StringIO
from itertools import groupby
from pathlib import Path

HOME = Path(__file__).resolve().parents[1] / ".anabranch" / "bench"
# Before Django's settings are read, and inherited by all that is started.
os.environ |= {"ANABRANCH_HOME": str(HOME), "ANABRANCH_APPS": "bench,bench.large", "ANABRANCH_LOG_LEVEL": "WARNING"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")

from orchestrator.embedded.addresses import addresses  # noqa: E402 - the environment comes first
from orchestrator.embedded.servers import Servers  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="W1", help="W1 to W13; W1 to W11 unless given")
    parser.add_argument("--pairs", type=int, help="how many samples, instead of as many as each workload says")
    arguments = parser.parse_args()
    with Servers(HOME) as servers:
        _set_up()
        failed = _measure_all(servers, arguments.names, arguments.pairs)
    if failed:
        sys.exit("\n".join(failed))


def _set_up() -> None:
    local = addresses(HOME)
    os.environ.setdefault("DATABASE_URL", local.database_url)
    os.environ.setdefault("REDIS_URL", local.redis_url)
    import django

    django.setup()
    from django.core.management import call_command

    from bench.runs import clear

    call_command("migrate", interactive=False, verbosity=0)
    call_command("register", stdout=StringIO())
    clear()


def _measure_all(servers: Servers, names: list[str], pairs: int | None) -> list[str]:
    """Measure what was chosen, print and save it; return what went wrong."""
    from bench import table
    from bench.counting import per_child_flow_run
    from bench.running import Running, running
    from bench.workloads import WORKLOADS
    from orchestrator.management.web_address import WebAddress

    known = [one.name for one in WORKLOADS]
    if unknown := set(names) - set(known):
        return [f"There is no workload {', '.join(sorted(unknown))}; there are {', '.join(known)}."]
    chosen = [one for one in WORKLOADS if (one.name in names if names else one.by_default)]
    results: table.Results = {}
    failed = []
    web = WebAddress("127.0.0.1", _free_port())
    for needs, group in groupby(chosen, key=lambda one: one.needs):
        with running(needs, servers, web) if needs else nullcontext(Running(servers, web)) as everything:
            for one in group:
                print(f"{one.name}: {one.what}", file=sys.stderr)
                try:
                    results[one.name] = one, one.measure(pairs or one.pairs, everything)
                except (TimeoutError, RuntimeError) as error:
                    failed.append(f"{one.name} failed: {error}")
    per_child = per_child_flow_run()
    table.show(results, per_child)
    table.save(results, per_child)
    return failed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
