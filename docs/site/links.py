"""Links of the pages that lead out of docs/ work in the site as they do in the repository.

A page says `[the file](../problems/heat.py)`. Whatever is named so becomes a page of the site: sources with what they
import, Markdown as it is, pictures and other files as copies; and so does what these name in turn. A link to what does
not exist is left as it stands, so that `mkdocs build --strict` refuses it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parents[1]
REPOSITORY = DOCS.parent
LINK = re.compile(r"\]\(([\w./-]+?)(#[\w-]+)?\)")  # without a scheme
FENCED = re.compile(r"(^(?: *)(`{3,}).*?^ *\2 *$)", re.MULTILINE | re.DOTALL)
SOURCES = {".py": "python", ".csv": "text"}
IMPORTED = re.compile(r"^from (problems|validation)(?:\.(\w+))? import (\w+)", re.MULTILINE)

origins: dict[str, Path] = {}  # where in the repository the pages that are made here come from


def address(path: Path) -> str:
    """Where a file of the repository stands in the site, relative to its root."""
    if path.is_relative_to(DOCS):
        inside = path.relative_to(DOCS).as_posix()
        return inside.removesuffix(".ipynb") + ".md" if inside.endswith(".ipynb") else inside
    inside = f"repository/{path.relative_to(REPOSITORY).as_posix()}"
    if path.is_dir():
        return f"{inside}/index.md"
    return f"{inside}.md" if path.suffix in SOURCES else inside


def origin(source: str) -> Path:
    """The file of the repository that a page of the site comes from."""
    return origins.get(source, DOCS / source)


def target(page: Path, link: str) -> Path | None:
    """The file of the repository that a link on a page leads to; None where there is none."""
    path = (page.parent / link).resolve()
    return path if path.exists() and path.is_relative_to(REPOSITORY) else None


def prose(text: str) -> list[tuple[str, bool]]:
    """A page in pieces, with whether each is prose: what looks like a link in code is none."""
    pieces = FENCED.split(text)
    return [(piece, i % 3 == 0) for i, piece in enumerate(pieces) if i % 3 != 2]


def links(text: str) -> list[str]:
    return [found[1] for piece, plain in prose(text) if plain for found in LINK.finditer(piece)]


def listing(path: Path) -> str:
    """A page that shows a source file, or what is in a folder of problems."""
    name = path.relative_to(REPOSITORY).as_posix()
    if path.is_dir():
        files = sorted(p for p in path.glob("*.py") if p.stem != "__init__")
        return f"# {name}\n\n" + "".join(f"- [{p.name}]({p.name})\n" for p in files)
    text = path.read_text(encoding="utf-8")
    modules = [Path(room) / f"{file or name}.py" for room, file, name in IMPORTED.findall(text)]
    named = [f"[{m.as_posix()}]({os.path.relpath(REPOSITORY / m, path.parent)})" for m in modules]
    imports = f"Imports from {', '.join(named)}.\n\n" if named else ""
    return f"# {name}\n\n{imports}``````{SOURCES[path.suffix]}\n{text}\n``````\n"


def on_files(files: Files, config: Any) -> Files:
    """Add what is named outside of docs/."""
    origins.clear()
    waiting = [(origin(f.src_uri), f.content_string) for f in files if f.src_uri.endswith(".md")]
    while waiting:
        page, text = waiting.pop()
        for link in links(text):
            path = target(page, link)
            if path is None or path.is_relative_to(DOCS) or address(path) in origins:
                continue
            origins[address(path)] = path
            if path.is_dir() or path.suffix in SOURCES:
                content = listing(path)
            elif path.suffix == ".md":
                content = path.read_text(encoding="utf-8")
            else:
                files.append(File.generated(config, address(path), abs_src_path=str(path)))
                continue
            files.append(File.generated(config, address(path), content=content))
            waiting.append((path / "index.md" if path.is_dir() else path, content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links lead to where their files stand in the site."""
    source = page.file.src_uri
    place = origin(source)
    here = place / "index.md" if place.is_dir() else place

    def led(found: re.Match[str]) -> str:
        path = target(here, found[1])
        if path is None:
            return found[0]
        return f"]({os.path.relpath(address(path), os.path.dirname(source) or '.')}{found[2] or ''})"

    return "".join(LINK.sub(led, piece) if plain else piece for piece, plain in prose(markdown))
