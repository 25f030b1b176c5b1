"""The pages: each reads through `orchestrator.queries` and shows. What people do on them goes to the REST API."""
