"""An app whose flow asks a person."""
