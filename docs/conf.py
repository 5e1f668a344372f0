"""Sphinx settings of the documentation site: pages in MyST, tutorials as executed notebooks, everything offline."""

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "extensions"))
# Cells that begin with an exclamation mark find the command of this environment, whether it is activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

project = "NeuroCoreX"
author = "The NeuroCoreX contributors"
project_copyright = author
release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "declared",
    "helptext",
    "names",
    "systems",
]
exclude_patterns = ["pictures/*.py", "extensions", "_build"]
default_role = "py:obj"  # `Network.learn` in a docstring leads there, `steps` is code: extensions/names.py
smartquotes = False  # they make one dash of two, in options too
highlight_language = "text"  # of blocks that do not say theirs
nitpicky = False  # docstrings name types of numpy, which are found only by its own site

# Pages are also read on GitHub, so anchors are those that GitHub makes.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]

# A tutorial that fails fails the build. Outputs of one build serve the next, until a cell changes.
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_in_temp = False  # some read the examples of the repository; none may leave a file behind
nb_merge_streams = True

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # a list, as parameters are: some share a line
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_title = "NeuroCoreX"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
# Pages that have none below them need no navigation beside them.
html_sidebars = {page: [] for page in ("start", "gallery", "verification", "limits", "figures")}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"image_light": "_static/icon.svg", "image_dark": "_static/icon.svg", "text": "NeuroCoreX"},
    "header_links_before_dropdown": 9,
    "navbar_persistent": ["search-button"],
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
