"""A team's app whose flow fails until the file that it reads is there."""
