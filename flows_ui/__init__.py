"""The pages: Django templates around the islands of the front end."""
