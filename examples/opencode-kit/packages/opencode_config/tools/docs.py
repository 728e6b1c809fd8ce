"""Writes a page of Markdown for every module of the package into `docs/`, from its docstrings."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from typing import Iterator, List, Union

from workspace import ROOT, SOURCE, relative

DOCS = ROOT / "docs"
Definition = Union[ast.FunctionDef, ast.ClassDef]


def module_page(path: Path) -> str:
    """Return the page of one module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines = [f"# {module_name(path)}", "", ast.get_docstring(tree) or "", ""]
    for node in _public(tree):
        lines += _section(node, level=2)
        if isinstance(node, ast.ClassDef):
            for method in _public(node):
                lines += _section(method, level=3)
    lines += [f"Source: `{relative(path)}`", ""]
    return "\n".join(lines)


def index_page(paths: List[Path]) -> str:
    """Return the page that lists all modules."""
    lines = ["# API of opencode_config", ""]
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        summary = (ast.get_docstring(tree) or "").split("\n")[0]
        lines.append(f"- [{module_name(path)}]({module_name(path)}.md): {summary}")
    return "\n".join([*lines, ""])


def module_name(path: Path) -> str:
    """Return the dotted name under which a file is imported."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def main() -> int:
    """Write all pages; pages of modules that are gone are removed."""
    paths = [path for path in sorted(SOURCE.rglob("*.py")) if path.name != "__main__.py"]
    pages = {f"{module_name(path)}.md": module_page(path) for path in paths}
    pages["index.md"] = index_page(paths)
    DOCS.mkdir(exist_ok=True)
    for old in DOCS.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, page in pages.items():
        (DOCS / name).write_bytes(page.encode("utf-8"))
    print(f"{len(pages)} pages written to docs/")
    return 0


def _public(node: ast.AST) -> Iterator[Definition]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
            yield child


def _section(node: Definition, level: int) -> List[str]:
    heading = f"{'#' * level} `{_signature(node)}`"
    docstring = inspect.cleandoc(ast.get_docstring(node) or "")
    return [heading, "", docstring, ""]


def _signature(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){result}"


if __name__ == "__main__":
    sys.exit(main())
