"""How fast Anabranch is, beside bare Celery on the same broker in the same run: `make bench`."""
