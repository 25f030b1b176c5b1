"""Anabranch's engine room: authoring API, models, engine, API, live updates. Importing it loads no framework."""
