"""Example flows: the project `examples`, written with the authoring API."""
