"""Notebooks as pages: each is run when the site is built, and shown with what came out.

They are committed without outputs. A cell that raises ends the build. `NOTEBOOKS=skip mkdocs serve` shows them without
running them, for writing.
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient

LONGEST = 120  # seconds for a cell: a run that hangs ends the build, a loaded machine does not


def run(path: Path) -> Any:
    """The notebook with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=LONGEST, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def shown(output: Any, name: str) -> tuple[str, bytes | None]:
    """What a cell gave as Markdown, and a picture that belongs to it under that name."""
    if output.output_type == "stream":
        return f"``````text\n{output.text.rstrip()}\n``````\n", None
    if picture := output.data.get("image/png"):
        return f"![What the cell draws]({name})\n", b64decode(picture)
    if page := output.data.get("text/html"):
        lines = "\n".join(line for line in page.splitlines() if line.strip())  # an empty line would end the block
        return f'<div class="output">\n{lines}\n</div>\n', None
    return f"``````text\n{output.data['text/plain']}\n``````\n", None


def pages(source: str, notebook: Any) -> dict[str, str | bytes]:
    """The page and the pictures that a notebook becomes, by their addresses."""
    stem = source.removesuffix(".ipynb")
    text, made = [], dict[str, str | bytes]()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text.append(f"{cell.source}\n")
            continue
        text.append(f"```python\n{cell.source}\n```\n")
        for output in cell.outputs:
            name = f"{stem}_{len(made)}.png"
            written, picture = shown(output, PurePosixPath(name).name)
            text.append(written)
            if picture is not None:
                made[name] = picture
    text.append(f'<a href="{PurePosixPath(source).name}" download>This page as a notebook</a>\n')
    return {f"{stem}.md": "\n".join(text), **made}


def on_files(files: Files, config: Any) -> Files:
    """Add a page for each notebook."""
    for file in [f for f in files if f.src_uri.endswith(".ipynb")]:
        path = Path(str(file.abs_src_path))
        notebook = run(path) if config.extra["notebooks"] == "run" else nbformat.read(path, as_version=4)
        for name, content in pages(file.src_uri, notebook).items():
            files.append(File.generated(config, name, content=content))
    return files
