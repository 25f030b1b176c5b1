"""What the templates of the pages need beyond Django's own tags."""
