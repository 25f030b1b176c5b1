"""What `manage.py` offers, and the processes it supervises."""
