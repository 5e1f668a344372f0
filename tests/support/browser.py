"""Headless Chromium of the system, driven by Playwright, and the models of a Bokeh page as seen from JavaScript."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

TIMEOUT_S = 120.0
#: No network, no graphics card, no first steps.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; Playwright gives it a fresh profile."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class BokehPage:
    """Page of a Bokeh server.

    Parameters
    ----------
    browser : Browser
        Where it is opened.
    url : str
        Of the page.

    Attributes
    ----------
    complaints : list of str
        Errors in the console, and exceptions of the page.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 800})
        self.page.set_default_timeout(1000 * TIMEOUT_S)
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(url)
        self.until("window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].get_model_by_name('scope')")

    def until(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds; `model(NAME)` in it is a model of the page.

        It is looked at by the clock: by default Playwright looks when a page is drawn, and one behind another is not.
        """
        self.page.wait_for_function(f"() => {{ {_MODEL} return {condition} }}", polling=50)

    def ask(self, expression: str) -> Any:
        """Return what an expression in JavaScript is."""
        return self.page.evaluate(f"() => {{ {_MODEL} return {expression} }}")

    def close(self) -> None:
        self.page.close()


_MODEL = "const model = name => Bokeh.documents[0].get_model_by_name(name);"
