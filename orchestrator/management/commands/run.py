"""`manage.py run project/flow`: start a flow run and wait for its end."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from orchestrator.core.states import SUCCESSFUL
from orchestrator.management.flow_starter import Refused, start
from orchestrator.management.run_tree import table_of, watch

REFUSED = 2


class Command(BaseCommand):
    help = "Run a flow and wait for its end. Exit code: 0 Success, 1 any other end, 2 not started."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("flow", metavar="PROJECT/FLOW")
        parser.add_argument(
            "--param", action="append", default=[], metavar="NAME=JSON", help="a parameter; may be given several times"
        )
        parser.add_argument("--watch", action="store_true", help="show the tree of task runs as it changes")

    def handle(self, *args: Any, flow: str, param: list[str], **options: Any) -> None:
        console = Console()
        try:
            flow_run_id = start(flow, param)
        except Refused as error:
            raise CommandError(str(error), returncode=REFUSED) from None
        console.print(f"flow run {flow_run_id}", highlight=False)
        run = watch(flow_run_id, console, show=options["watch"])
        if options["watch"]:
            console.print(table_of(run))
        else:
            console.print(f"{run.state} {run.message}".rstrip(), highlight=False, markup=False)
        if run.state not in SUCCESSFUL:
            sys.exit(1)
