"""An app whose functions start processes of their own: workers of the tests load it."""
