"""Examples of the pages on results and sensors: they run, and print what they say."""

import re
import subprocess
import sys

import pytest
from support.paths import ROOT

EXAMPLES = {
    f"{page}-{number}": text
    for page in ("results", "sensors")
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", (ROOT / f"docs/{page}.md").read_text(), re.DOTALL))
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs_and_prints_what_its_comments_say(name, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::neurocorex.errors.QuantisationWarning", "-c", EXAMPLES[name]],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for comment in re.findall(r"print\(.*\)  # (.*)", EXAMPLES[name]):
        assert comment in done.stdout.splitlines()
    assert done.stdout
