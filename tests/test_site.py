"""Site of the documentation: it builds without a warning, says all that is public, and works in a browser, offline."""

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import neurocorex as ncx
import pytest
from neurocorex.cli.application import application
from neurocorex.spec import Control, Counter, Op, Region, Status
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from sphinx.util.inventory import InventoryFile
from support.browser import chromium
from support.markdown import PAGES
from support.paths import ROOT

DOCS = ROOT / "docs"
#: Longest time for the build and all tutorials, against hanging.
BUILD_S = 900


def build(out: Path) -> None:
    folders = ["--doctree-dir", str(out / "doctrees"), str(DOCS), str(out / "html")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", *folders],
        capture_output=True, text=True, timeout=BUILD_S, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    (out / "failure").write_text("" if done.returncode == 0 else done.stdout[-3000:] + done.stderr)
    (out / "done").touch()


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """Folder of the site, built once by whichever worker comes first."""
    base = tmp_path_factory.getbasetemp()
    out = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    out.mkdir(exist_ok=True)
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "done").exists():
            build(out)
    assert (out / "failure").read_text() == ""
    return out / "html"


@pytest.fixture(scope="module")
def names(site) -> dict[str, set[str]]:
    """What the site documents, by kind, as other sites would link to it."""
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {kind: set(found) for kind, found in inventory.data.items()}


def test_every_page_is_on_the_site(site):
    pages = [page.relative_to(DOCS).with_suffix(".html") for page in PAGES if page.is_relative_to(DOCS)]
    assert len(pages) > 25
    assert [str(page) for page in pages if not (site / page).exists()] == []


def test_no_notebook_leaves_a_file_behind(site):
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "docs"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [name for name in listed.stdout.splitlines() if not name.endswith((".md", ".py", ".css"))] == []


def test_every_public_name_is_documented(names):
    documented = set().union(*(found for kind, found in names.items() if kind.startswith("py:")))
    assert [name for name in ncx.__all__ if f"neurocorex.{name}" not in documented] == []


@pytest.mark.parametrize("module", [ncx.learning, ncx.encode], ids=lambda module: module.__name__)
def test_every_name_of_a_public_module_is_documented(module, names):
    documented = names["py:class"] | names["py:function"]
    assert [name for name in module.__all__ if f"{module.__name__}.{name}" not in documented] == []


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))


@pytest.mark.parametrize("path", [path for path, _ in commands(application, ("neurocorex",))], ids=" ".join)
def test_command_appears_with_all_its_options(path, names):
    command = dict(commands(application, ("neurocorex",)))[path]
    options = [f"{'-'.join(path)}.{name}" for each in command.params for name in each.opts if name.startswith("--")]
    assert [option for option in options if option not in names["std:cmdoption"]] == []


@pytest.mark.parametrize("table", [Region, Control, Counter, Op, Status], ids=lambda table: table.__name__)
def test_reference_has_every_declared_row(table, site):
    page = (site / "reference/registers.html").read_text()
    assert [each.name for each in table if f">{each.name}</span>" not in page] == []


@pytest.fixture(scope="module")
def address(site) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, address) -> Iterator[Page]:
    """Page of the browser; when it closes, nothing may have been complained about or wanted from outside."""
    complaints, outside = [], []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} {message.location['url']}")

    def look(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            outside.append(request.url)

    page = browser.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", look)
    yield page
    page.close()
    assert complaints == []
    assert outside == []


def test_pictures_show_on_every_page(page, address, site):
    shown = 0
    pages = [path.relative_to(site) for path in sorted(site.rglob("*.html"))]
    for path in (path for path in pages if path.parts[0] != "_static"):
        page.goto(f"{address}/{path}", wait_until="load")
        widths = page.evaluate("[...document.images].map(image => [image.src, image.naturalWidth])")
        assert [source for source, width in widths if not width] == [], path.name
        shown += len(widths)
    assert shown > 20


def test_tutorials_show_what_their_cells_printed(page, address):
    page.goto(f"{address}/tutorials/stdp.html")
    expect(page.locator(".cell_output", has_text="weights at the end equal: True")).to_be_visible()
    expect(page.locator(".cell_output", has_text="equal: False")).to_have_count(0)


def test_search_finds_pages(page, address):
    page.goto(f"{address}/search.html?q=threshold")
    results = page.locator("#search-results li a")
    expect(results.filter(has_text="The model").first).to_be_visible(timeout=30_000)
    assert results.count() > 5


def test_search_for_nonsense_finds_nothing(page, address):
    page.goto(f"{address}/search.html?q=qwxzzy")
    expect(page.locator("#search-results")).to_contain_text("did not match any documents", timeout=30_000)
    expect(page.locator("#search-results li a")).to_have_count(0)
