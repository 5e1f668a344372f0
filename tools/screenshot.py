"""Picture of the live scope for its page in docs/, and how often a headless Chromium draws it.

    python tools/screenshot.py [PICTURE.png] [--measure SECONDS]

Runs `neurocorex scope emulator --demo` and opens its page in the Chromium of the system at 1280 x 800.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
#: Pictures of the raster after which its window of a second is full and the weights have begun to part.
SETTLED = 400
#: Counts paints of each figure from now on.
COUNT = """() => {
    window.paints = {}, window.begun = performance.now();
    const visit = view => {
        if (view.model.type == "Figure") {
            const paint = view.paint.bind(view), name = view.model.name;
            window.paints[name] = {count: 0, ms: 0};
            view.paint = (...given) => {
                const start = performance.now();
                paint(...given);
                window.paints[name].count++;
                window.paints[name].ms += performance.now() - start;
            };
        }
        for (const child of view.child_views ?? []) visit(child);
    };
    for (const root of Bokeh.index.roots) visit(root);
}"""
READ = "() => ({seconds: (performance.now() - begun) / 1000, paints: window.paints})"


@contextlib.contextmanager
def scope() -> Iterator[str]:
    """Run the demo; yields the address of its page."""
    words = [sys.executable, "-m", "neurocorex", "scope", "emulator", "--demo", "--no-browser", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(next(process.stdout or iter(())))["url"]
        finally:
            process.terminate()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Page]:
    """Open a page in Chromium, and wait until its raster moves."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("chromium is not installed; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        until(page, 5)
        yield page
        browser.close()


def until(page: Page, pictures: int) -> None:
    """Wait until the browser has drawn so many pictures of the raster."""
    drawn = "Bokeh.documents[0]?.get_model_by_name('drawn')?.data.number[0]"
    page.wait_for_function(f"() => window.Bokeh && {drawn} >= {pictures}", timeout=300_000)


def measured(page: Page, seconds: float) -> str:
    """Count what the browser draws for so long."""
    page.evaluate(COUNT)
    page.wait_for_timeout(1000 * seconds)  # a condition would be asked in every frame
    found: dict[str, Any] = page.evaluate(READ)
    took, lines = found["seconds"], []
    for name, paint in found["paints"].items():
        each = paint["ms"] / max(paint["count"], 1)
        lines.append(f"{name:<10}  {paint['count'] / took:5.1f} a second, {each:4.1f} ms each")
    lines.append(f"for {took:.1f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return "\n".join(lines)


def main() -> None:
    """Take the picture, or measure, or both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", nargs="?", type=Path)
    parser.add_argument("--measure", type=float, metavar="SECONDS")
    given = parser.parse_args()
    with scope() as url, opened(url) as page:
        if given.measure:
            print(measured(page, given.measure))
        if given.picture:
            until(page, SETTLED)
            page.screenshot(path=given.picture)


if __name__ == "__main__":
    main()
