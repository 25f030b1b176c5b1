"""The built front end on a page: its scripts and styles, or how to build it."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static

register = template.Library()

MANIFEST = "dist/.vite/manifest.json"


class Assets(TypedDict):
    """The addresses that one island needs; `script` is empty where the front end is not built."""

    script: str
    modules: list[str]
    styles: list[str]


@register.inclusion_tag("flows_ui/island_assets.html")
def island_assets(island: str) -> Assets:
    """Load the island of this name (`editor`, `run` or `graph`); say how to build it where it is missing."""
    found = finders.find(MANIFEST)
    if not found:
        return {"script": "", "modules": [], "styles": []}
    return assets_of(_manifest(found, Path(found).stat().st_mtime_ns), f"src/islands/{island}.tsx")


def assets_of(manifest: dict[str, Any], entry: str) -> Assets:
    """Return what `entry` of a Vite manifest needs, with what its imports need, each once."""
    if entry not in manifest:
        return {"script": "", "modules": [], "styles": []}
    chunks: dict[str, dict[str, Any]] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in chunks:
            chunks[name] = manifest[name]
            waiting += manifest[name].get("imports", [])
    styles = dict.fromkeys(style for chunk in chunks.values() for style in chunk.get("css", []))
    return {
        "script": _address(manifest[entry]["file"]),
        "modules": [_address(chunk["file"]) for name, chunk in chunks.items() if name != entry],
        "styles": [_address(style) for style in styles],
    }


def _address(file: str) -> str:
    return static(f"dist/{file}")


@lru_cache(maxsize=1)
def _manifest(path: str, changed: int) -> dict[str, Any]:
    # `changed` makes a rebuilt front end be read again.
    manifest: dict[str, Any] = json.loads(Path(path).read_text())
    return manifest
