"""A flow run as the semantics say, in the simplest words: no database, no counters, nothing of the engine."""
