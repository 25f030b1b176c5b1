"""`manage.py up`: everything Anabranch needs on one machine, under one supervisor."""

import signal
import sys
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from orchestrator.embedded.addresses import ForeignFolder
from orchestrator.embedded.lock import HomeInUse
from orchestrator.embedded.logs import ServerFailed
from orchestrator.embedded.wheels import ProgramMissing
from orchestrator.engine.sign_in import create_sign_in_link
from orchestrator.management.local_parts import LocalParts
from orchestrator.management.web_address import PortTaken, WebAddress

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_SECONDS = 0.1


class Command(BaseCommand):
    help = "Run PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), web, worker and beat."
    # The database that Django would check may only just be coming up.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
        parser.add_argument("--concurrency", type=int, default=2, help="processes of the worker (2)")

    def handle(self, *args: Any, host: str, port: int, concurrency: int, **options: Any) -> None:
        address = WebAddress(host, port)
        stop = threading.Event()
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: stop.set())
        parts = LocalParts(web=address, concurrency=concurrency, log=sys.stdout)
        try:
            with parts:
                while not stop.wait(LOOK_SECONDS):
                    if address.answers():
                        _tell_where_to_sign_in(address, parts)
                        break
                # Not for ever at once: a signal that comes just before would be seen only when the next one comes.
                while not stop.wait(LOOK_SECONDS):
                    pass
                parts.say("stopping")
        except (HomeInUse, ServerFailed, ProgramMissing, ForeignFolder, PortTaken) as error:
            raise CommandError(str(error)) from error


def _tell_where_to_sign_in(address: WebAddress, parts: LocalParts) -> None:
    link = create_sign_in_link(now=timezone.now())
    connections.close_all()
    parts.say(f"Anabranch runs at {address.url}/   (Ctrl-C stops it)")
    parts.say(f"sign in, once, at {address.url}{link}")
