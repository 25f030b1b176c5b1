"""The large flows, an app of their own: a worker that runs the small ones need not hold 30,000 tasks."""
