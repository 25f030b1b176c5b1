"""What must not creep in: overlong files and functions, and traces of one machine."""

import ast
import re
from pathlib import Path

from tests.architecture.checkout import text_of, tracked, with_suffix

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
NOT_BY_HAND = ("orchestrator/migrations/", "tests/", "static/dist/")

# Written apart, so that this file does not find itself.
MACHINE_PATHS = re.compile("|".join(f"/{name}/" for name in ("work", "root", "home")))
PACKAGE_HOST = re.compile(
    r"https?://[\w.-]*(registry|pypi|npmjs|artifactory|nexus|mirror|proxy)[\w.-]*"
    r"|--(extra-)?index-url|^\s*registry\s*=|\"resolved\":",
    re.MULTILINE,
)


def test_no_file_of_the_product_is_too_long_to_read_at_once() -> None:
    sources = [path for path in with_suffix(".py", ".ts", ".tsx", ".js", ".html") if _is_by_hand(path)]
    too_long = {str(path): lines for path in sources if (lines := len(text_of(path).splitlines())) > MOST_LINES}
    assert too_long == {}


def test_no_function_of_the_product_is_too_long_to_read_at_once() -> None:
    too_long = {
        f"{path}:{function.lineno} {function.name}": _lines(function)
        for path in with_suffix(".py")
        if _is_by_hand(path)
        for function in ast.walk(ast.parse(text_of(path)))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(function) > MOST_LINES_OF_A_FUNCTION
    }
    assert too_long == {}


def test_no_file_names_a_place_of_one_machine() -> None:
    found = {f"{path}: {match[0]}" for path in tracked() for match in MACHINE_PATHS.finditer(text_of(path))}
    assert found == set()


def test_no_file_names_the_host_that_packages_came_from() -> None:
    found = {
        f"{path}: {match[0]}"
        for path in tracked()
        if path.name != Path(__file__).name
        for match in PACKAGE_HOST.finditer(text_of(path))
    }
    assert found == set()


def _is_by_hand(path: Path) -> bool:
    return not str(path).startswith(NOT_BY_HAND)


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1
