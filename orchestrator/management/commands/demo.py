"""`manage.py demo`: the whole thing once, without a browser."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from orchestrator.core.states import SUCCESSFUL
from orchestrator.embedded.logs import ServerFailed
from orchestrator.management.flow_starter import Refused, start
from orchestrator.management.local_parts import OtherNotReady, running_parts
from orchestrator.management.run_tree import table_of, watch


class Command(BaseCommand):
    help = "Start PostgreSQL, Valkey, a worker and beat, run a flow on them, show its tree, stop them again."
    # The database that Django would check is started by this very command.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("flow", metavar="PROJECT/FLOW", nargs="?", default="examples/parent-flow")

    def handle(self, *args: Any, flow: str, **options: Any) -> None:
        console = Console()
        console.print("starting PostgreSQL, Valkey, a worker and beat …")
        path = settings.HOME / "demo.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as log:
            try:
                with running_parts(log=log):
                    flow_run_id = start(flow, [])
                    console.print(f"flow run {flow_run_id} of {flow}", highlight=False)
                    run = watch(flow_run_id, console, show=True)
                    console.print(table_of(run))
            except (Refused, ServerFailed, OtherNotReady) as error:
                raise CommandError(f"{error} (log: {path})") from None
        if run.state not in SUCCESSFUL:
            console.print(f"The log of the processes is in {path}", highlight=False)
            sys.exit(1)
