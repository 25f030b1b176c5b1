"""How often a person may do what costs the installation something."""

from rest_framework.throttling import UserRateThrottle


class StartThrottle(UserRateThrottle):
    """A runaway script must not start runs without end. Counted in each web process by itself (local cache)."""

    scope = "start"
    rate = "600/min"
