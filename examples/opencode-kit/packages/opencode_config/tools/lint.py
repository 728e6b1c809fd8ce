"""Lints the Python half: each rule is a function from a file to findings."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, Set, Tuple

from workspace import Finding, finish, python_files, relative, switched_off

LONGEST_LINE = 110
LONGEST_FUNCTION = 30

Complaint = Tuple[int, str]


@dataclass(frozen=True)
class Source:
    """A parsed file."""

    path: Path
    lines: List[str]
    tree: ast.Module

    def nodes(self, *kinds: type) -> Iterator[ast.AST]:
        """Yield all nodes of the given kinds."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))


def unused_import(source: Source) -> Iterator[Complaint]:
    """An import whose name is never read; `__init__.py` imports in order to export."""
    used = _names_read(source.tree)
    for node in source.nodes(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        for alias in node.names:
            name = (alias.asname or alias.name).split(".")[0]
            if name not in used:
                yield node.lineno, f"{name} is imported but not used"


def bare_except(source: Source) -> Iterator[Complaint]:
    """An `except:` that also swallows KeyboardInterrupt."""
    for node in source.nodes(ast.ExceptHandler):
        if node.type is None:
            yield node.lineno, "name the exceptions to be caught"


def mutable_default(source: Source) -> Iterator[Complaint]:
    """A default value that all calls share and any call can change."""
    for node in source.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda):
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            if isinstance(default, (ast.List, ast.Dict, ast.Set)):
                yield default.lineno, "all calls share this default; use None"


def compare_with_none(source: Source) -> Iterator[Complaint]:
    """`== None`, which a class may redefine."""
    for node in source.nodes(ast.Compare):
        for operator, right in zip(node.ops, node.comparators):
            is_none = isinstance(right, ast.Constant) and right.value is None
            if is_none and isinstance(operator, (ast.Eq, ast.NotEq)):
                yield node.lineno, "compare with None by `is`"


def plain_f_string(source: Source) -> Iterator[Complaint]:
    """An f-string with nothing to fill in."""
    specs = {id(node.format_spec) for node in source.nodes(ast.FormattedValue)}
    for node in source.nodes(ast.JoinedStr):
        filled = any(isinstance(part, ast.FormattedValue) for part in node.values)
        if not filled and id(node) not in specs:
            yield node.lineno, "this f-string fills nothing in"


def unreachable(source: Source) -> Iterator[Complaint]:
    """A statement after return, raise, break or continue."""
    ends = (ast.Return, ast.Raise, ast.Break, ast.Continue)
    for node in ast.walk(source.tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for before, after in zip(body, body[1:]):
                if isinstance(before, ends):
                    yield after.lineno, "this line is never reached"


def repeated_key(source: Source) -> Iterator[Complaint]:
    """A dict display that says one key twice."""
    for node in source.nodes(ast.Dict):
        seen: Set[object] = set()
        for key in node.keys:
            if isinstance(key, ast.Constant):
                if key.value in seen:
                    yield key.lineno, f"key {key.value!r} stands here twice"
                seen.add(key.value)


def missing_docstring(source: Source) -> Iterator[Complaint]:
    """A public module, class or function of the package that does not say what it is for."""
    if "src" not in source.path.parts:
        return
    if not ast.get_docstring(source.tree):
        yield 1, "the module has no docstring"
    for node in _public_definitions(source.tree):
        if not ast.get_docstring(node):
            yield node.lineno, f"{node.name} has no docstring"


def long_line(source: Source) -> Iterator[Complaint]:
    """A line that does not fit."""
    for number, line in enumerate(source.lines, 1):
        if len(line) > LONGEST_LINE:
            yield number, f"{len(line)} characters; {LONGEST_LINE} fit"


def long_function(source: Source) -> Iterator[Complaint]:
    """A function that does too much at once."""
    for node in source.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > LONGEST_FUNCTION:
            yield node.lineno, f"{node.name} has {length} lines; {LONGEST_FUNCTION} are enough"


RULES: List[Callable[[Source], Iterator[Complaint]]] = [
    bare_except,
    compare_with_none,
    long_function,
    long_line,
    missing_docstring,
    mutable_default,
    plain_f_string,
    repeated_key,
    unreachable,
    unused_import,
]


def lint(path: Path) -> Iterator[Finding]:
    """Yield what the rules object to in a file."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    try:
        source = Source(path, lines, ast.parse(text))
    except SyntaxError as error:
        yield Finding(relative(path), error.lineno or 1, "syntax", error.msg)
        return
    for rule in RULES:
        name = rule.__name__.replace("_", "-")
        for line, message in rule(source):
            if not switched_off(lines[line - 1] if lines else "", name):
                yield Finding(relative(path), line, name, message)


def main() -> int:
    """Lint all files of the package."""
    paths = python_files()
    findings = [finding for path in paths for finding in lint(path)]
    return finish(findings, f"{len(paths)} files linted with {len(RULES)} rules")


def _names_read(tree: ast.Module) -> Set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and _assigns_all(node):
            names |= {item.value for item in ast.walk(node.value) if isinstance(item, ast.Constant)}
    return names


def _assigns_all(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)


def _public_definitions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        is_definition = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if is_definition and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public_definitions(node)


if __name__ == "__main__":
    sys.exit(main())
