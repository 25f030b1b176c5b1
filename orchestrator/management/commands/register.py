"""Put the flows of the installed apps into the database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orchestrator.engine.registration import BrokenFlows, register_apps


class Command(BaseCommand):
    help = "Register the flows of every installed app's flows.py; a new version is made only where something changed."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            registered = register_apps(now=timezone.now())
        except BrokenFlows as error:
            raise CommandError(f"A flows.py cannot be read, nothing was registered. {error}") from None
        except (ValueError, TypeError) as error:
            raise CommandError(f"Nothing was registered. {error}") from None
        for one in registered:
            if one.created or options["verbosity"] > 1:
                what = "registered" if one.created else "unchanged"
                self.stdout.write(f"{one.flow}: version {one.version.number} ({what})")
        unchanged = sum(not one.created for one in registered)
        if unchanged:
            self.stdout.write(f"{unchanged} flow(s) unchanged")
        if not registered:
            self.stdout.write("No flows found: write some in the flows.py of an app that ANABRANCH_APPS names.")
