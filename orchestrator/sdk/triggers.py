"""The triggers, by the names they have in `Task(trigger=...)`."""

from orchestrator.core.triggers import Trigger

all_successful = Trigger.ALL_SUCCESSFUL
all_failed = Trigger.ALL_FAILED
any_successful = Trigger.ANY_SUCCESSFUL
any_failed = Trigger.ANY_FAILED
all_finished = Trigger.ALL_FINISHED
always_run = Trigger.ALWAYS_RUN
