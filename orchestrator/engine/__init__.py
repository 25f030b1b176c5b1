"""The operations: verbs, keyword-only, one transaction each. Nothing else writes runs, versions or schedules."""
