"""`manage.py create_token USER`: a bearer token for the REST API."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orchestrator.engine.tokens import create_token

_LONGEST_DAYS = 36_500


class Command(BaseCommand):
    help = "Make a bearer token for the REST API and print it. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="The name of the account that the token signs in as.")
        parser.add_argument("--days", type=int, help="How long it is good; without it, until it is deleted.")

    def handle(self, *, user: str, days: int | None, **_: Any) -> None:
        if days is not None and not 1 <= days <= _LONGEST_DAYS:
            raise CommandError(f"--days is {days}; give a number from 1 to {_LONGEST_DAYS}.")
        owner = User.objects.filter(username=user).first()
        if owner is None:
            raise CommandError(f"There is no account {user!r}; `manage.py createsuperuser` makes one.")
        if not owner.is_active:
            raise CommandError(f"The account {user!r} is deactivated; its tokens would be refused.")
        lifetime = timedelta(days=days) if days else None
        self.stdout.write(create_token(user=owner, now=timezone.now(), lifetime=lifetime))
