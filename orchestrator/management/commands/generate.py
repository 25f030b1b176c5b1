"""`manage.py generate`: the files that are made from the table of states in `core/states.py`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestrator.core.states import (
    FLOW_RUN_TRANSITIONS,
    MEANINGS,
    SUCCESSFUL,
    TASK_RUN_TRANSITIONS,
    TERMINAL,
    UNSUCCESSFUL,
    State,
)

Transitions = Mapping[State, frozenset[State]]

PAGE = """\
<!-- Made from orchestrator/core/states.py by `manage.py generate`; change that table, not this file. -->

# States

A flow run and each of its task runs are in one state at any time. The state decides what happens; the message
beside it is for people and decides nothing. Every change is kept with its time, its reason and, where a person made
it, that person.

{meanings}

- Ends are {terminal}. A restart leaves an end: back to Pending, with the next attempt number; and a person may mark
  a run as another.
- {successful} count as successful; {unsuccessful} as failed; Cancelled as neither.

## Task runs

{task_run_table}

`[*]` stands for an end; the table says which.

```mermaid
{task_run_diagram}
```

## Flow runs

A flow run is created Scheduled or Pending, or Running if a task run of it starts in the same transaction.

{flow_run_table}

```mermaid
{flow_run_diagram}
```

## Where this differs from Prefect 1

The names are those of Prefect 1 (Core 0.15), and so are their meanings, except:

- Submitted and Retrying are states of their own here, not kinds of Pending; Cancelling is not a kind of Running.
- A Cancelled reference task makes the flow run Cancelled, not Success.
- A child flow run that ends Cancelled makes the task run that waits for it Cancelled, not Failed.
- A child flow run that ends TimedOut or Skipped makes the task run that waits for it TimedOut or Skipped.
- A flow run is Paused too, when a person pauses it.
- A mapped task ends as its items do, not Mapped at once; Resume, Looped, ClientFailed and ValidationFailed do not
  exist here: what they say is in the message.
"""

SCRIPT = """\
// Made from orchestrator/core/states.py by `manage.py generate`; change that table, not this file.

export const STATE_TABLE = [
{rows}
] as const;
"""


class Command(BaseCommand):
    help = "Write the files made from the table of states; --check only says which of them are stale."
    # Nothing here reads the database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        stale = []
        for name, content in FILES.items():
            path, wanted = settings.BASE_DIR / name, content()
            if path.exists() and path.read_text() == wanted:
                continue
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(wanted)
                self.stdout.write(f"wrote {name}")
        if check and stale:
            raise CommandError(f"{', '.join(stale)} differ from orchestrator/core/states.py; run `manage.py generate`.")


def states_page() -> str:
    """Return docs/states.md."""
    return PAGE.format(
        meanings=_table(["State", "Meaning"], ([state, meaning] for state, meaning in MEANINGS.items())),
        terminal=_listed(TERMINAL),
        successful=_listed(SUCCESSFUL),
        unsuccessful=_listed(UNSUCCESSFUL),
        task_run_table=_transition_table(TASK_RUN_TRANSITIONS),
        task_run_diagram=_diagram(TASK_RUN_TRANSITIONS),
        flow_run_table=_transition_table(FLOW_RUN_TRANSITIONS),
        flow_run_diagram=_diagram(FLOW_RUN_TRANSITIONS),
    )


def states_script() -> str:
    """Return the front end's table of states."""
    # repr() quotes as the front end's formatter does: single quotes unless the text holds one.
    rows = (
        f"  {{\n    name: {state.value!r},\n    terminal: {'true' if state in TERMINAL else 'false'},\n"
        f"    meaning: {MEANINGS[state]!r},\n  }},"
        for state in State
    )
    return SCRIPT.format(rows="\n".join(rows))


FILES: dict[str, Callable[[], str]] = {
    "docs/states.md": states_page,
    "flows_ui/frontend/src/core/states.generated.ts": states_script,
}


def _transition_table(transitions: Transitions) -> str:
    return _table(
        ["From", "May become"], ([state, _listed(following, "or")] for state, following in transitions.items())
    )


def _diagram(transitions: Transitions) -> str:
    """Return the changes between states that are no end; every end is drawn as one, and restarts are left out."""
    return "\n".join(["stateDiagram-v2", *(f"    {arrow}" for arrow in _arrows(transitions))])


def _arrows(transitions: Transitions) -> Iterator[str]:
    for state, following in transitions.items():
        if state in TERMINAL:
            continue
        yield from (f"{state} --> {after}" for after in _in_order(following) if after not in TERMINAL)
        if following & TERMINAL:
            yield f"{state} --> [*]"


def _table(heads: list[str], rows: Iterator[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _listed(states: frozenset[State], last: str = "and") -> str:
    *words, end = _in_order(states)
    return f"{', '.join(words)} {last} {end}" if words else end


def _in_order(states: frozenset[State]) -> list[str]:
    """Return the names in the order in which they are declared; sets have none."""
    return [state.value for state in State if state in states]
