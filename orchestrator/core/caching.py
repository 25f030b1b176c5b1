"""Under which key a task's result is kept for later runs."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What a result is kept under, and for how long; what it was made of, where people's code compares that."""

    key: str
    seconds: float
    inputs: Any = None
    parameters: Any = None


def key_of(*parts: Any) -> str:
    """Return the same text for the same values. What is no JSON counts by how it is written in Python."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()
