"""How pages find the built front end."""

import json

import pytest
from django.contrib.staticfiles import finders

from flows_ui.templatetags import islands
from flows_ui.templatetags.islands import assets_of

MANIFEST = {
    "src/islands/run.tsx": {"file": "assets/run-1.js", "css": ["assets/run-1.css"], "imports": ["_canvas.js"]},
    "_canvas.js": {"file": "assets/canvas-2.js", "css": ["assets/canvas-2.css"], "imports": ["_react.js"]},
    "_react.js": {"file": "assets/react-3.js", "imports": ["_canvas.js"]},
}


def test_an_island_comes_with_all_that_its_imports_need_each_once():
    assert assets_of(MANIFEST, "src/islands/run.tsx") == {
        "script": "/static/dist/assets/run-1.js",
        "modules": ["/static/dist/assets/canvas-2.js", "/static/dist/assets/react-3.js"],
        "styles": ["/static/dist/assets/run-1.css", "/static/dist/assets/canvas-2.css"],
    }


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Pretend that the front end was built with this manifest; None: that it was not."""

    def build(manifest) -> None:
        path = tmp_path / "manifest.json"
        if manifest is not None:
            path.write_text(json.dumps(manifest))
        monkeypatch.setattr(finders, "find", lambda name: str(path) if manifest is not None else None)
        islands._manifest.cache_clear()

    yield build
    islands._manifest.cache_clear()


def test_the_run_page_loads_its_island(viewer, flow_run, built):
    built(MANIFEST)
    page = viewer.get(f"/flow-runs/{flow_run.pk}/").content.decode()
    assert '<script type="module" src="/static/dist/assets/run-1.js"></script>' in page
    assert '<link rel="stylesheet" href="/static/dist/assets/canvas-2.css">' in page


@pytest.mark.parametrize("manifest", [None, {}])
def test_a_missing_build_says_how_to_build_and_the_table_is_still_there(viewer, flow_run, built, manifest):
    built(manifest)
    page = viewer.get(f"/flow-runs/{flow_run.pk}/").content.decode()
    assert "make setup" in page
    assert 'data-state="Pending"' in page
