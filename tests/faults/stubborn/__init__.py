"""An app whose flows do what no flow should: workers of the tests load it."""
