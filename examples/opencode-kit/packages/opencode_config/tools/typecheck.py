"""Checks the annotations of the package without running it.

Every public function says what it takes and returns, every annotation resolves, every literal default and
literal argument is of the type it stands for, and every call within the package fits the signature it calls.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import typing
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from workspace import ROOT, SOURCE, Finding, finish, relative


def matches(value: Any, hint: Any) -> bool:
    """Tell whether a literal is of an annotated type; in doubt it is."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return any(matches(value, each) for each in inner)
    if hint is None or hint is type(None):
        return value is None
    kind = origin or hint
    if kind is Any or not isinstance(kind, type):
        return True
    if isinstance(value, bool) and kind is int:
        return False
    return isinstance(value, kind) or (kind is float and isinstance(value, int))


def functions(module: ModuleType) -> Iterator[Tuple[str, FunctionType]]:
    """Yield the functions and methods a module defines, public or not."""
    for name, item in vars(module).items():
        if getattr(item, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(item):
            yield name, item
        elif inspect.isclass(item):
            for inner, method in vars(item).items():
                if inspect.isfunction(method) and method.__module__ == module.__name__:
                    yield f"{name}.{inner}", method


def check_annotations(module: ModuleType) -> Iterator[Finding]:
    """Yield missing and unknown annotations, and defaults of another type."""
    for name, function in functions(module):
        if not _is_written(function):
            continue
        file, line = _place(function)
        try:
            hints = typing.get_type_hints(function)
        except (NameError, AttributeError, TypeError) as error:
            yield Finding(file, line, "unresolved", f"{name}: {error}")
            continue
        for message in _signature_problems(function, hints):
            yield Finding(file, line, "annotation", f"{name}: {message}")


def check_calls(module: ModuleType) -> Iterator[Finding]:
    """Yield calls of functions of the package that do not fit their signatures."""
    path = Path(str(module.__file__))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        target = _callee(module, node)
        if target is None:
            continue
        problem = _call_problem(node, target)
        if problem:
            yield Finding(relative(path), node.lineno, "call", f"{node.func.id}: {problem}")


def check_returns(module: ModuleType) -> Iterator[Finding]:
    """Yield literal results that are not of the promised type."""
    for name, function in functions(module):
        if not _is_written(function):
            continue
        file, line = _place(function)
        hint = _hints(function).get("return", Any)
        for number, value in _literal_returns(function):
            if not matches(value, hint):
                message = f"{name} returns {value!r}, promised is {_name(hint)}"
                yield Finding(file, line + number - 1, "return", message)


def main() -> int:
    """Check every module of the package."""
    sys.path.insert(0, str(SOURCE))
    findings, checked = [], 0
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name == "__main__.py":
            continue
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        try:
            module = importlib.import_module(name.replace(".__init__", ""))
        except Exception as error:
            findings.append(Finding(relative(path), 1, "import", f"{type(error).__name__}: {error}"))
            continue
        checked += sum(1 for _ in functions(module))
        for check in (check_annotations, check_calls, check_returns):
            findings.extend(check(module))
    return finish(findings, f"types of {checked} functions checked")


def _signature_problems(function: FunctionType, hints: Dict[str, Any]) -> Iterator[str]:
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("self", "cls"):
            continue
        if name not in hints:
            yield f"parameter {name} has no annotation"
        elif parameter.default is not parameter.empty and not matches(parameter.default, hints[name]):
            yield f"default {parameter.default!r} of {name} is no {_name(hints[name])}"
    if "return" not in hints:
        yield "the result has no annotation"


def _call_problem(call: ast.Call, target: Callable[..., Any]) -> Optional[str]:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    named = {str(keyword.arg): keyword.value for keyword in call.keywords}
    try:
        bound = inspect.signature(target).bind(*call.args, **named)
    except TypeError as error:
        return str(error)
    hints = _hints(target.__init__ if inspect.isclass(target) else target)
    for name, argument in bound.arguments.items():
        literal = isinstance(argument, ast.Constant)
        if literal and not matches(argument.value, hints.get(name, Any)):
            return f"{name} is {argument.value!r}, wanted is {_name(hints[name])}"
    return None


def _callee(module: ModuleType, node: ast.AST) -> Optional[Callable[..., Any]]:
    """Return the function or class of this package that a call names plainly."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    target = getattr(module, node.func.id, None)
    package = module.__name__.split(".")[0]
    ours = str(getattr(target, "__module__", "")).split(".")[0] == package
    return target if ours and (inspect.isfunction(target) or inspect.isclass(target)) else None


def _literal_returns(function: FunctionType) -> Iterator[Tuple[int, Any]]:
    source = inspect.cleandoc(f"\n{inspect.getsource(function)}")
    definition = ast.parse(source).body[0]
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(definition)):
        return
    for node in ast.walk(definition):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
            yield node.lineno, node.value.value


def _hints(function: Any) -> Dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, AttributeError, TypeError):
        return {}


def _is_written(function: FunctionType) -> bool:
    """Tell a function somebody wrote from one that `dataclass` has made."""
    return SOURCE in Path(function.__code__.co_filename).parents


def _place(function: FunctionType) -> Tuple[str, int]:
    file = Path(function.__code__.co_filename).relative_to(ROOT).as_posix()
    return file, function.__code__.co_firstlineno


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


if __name__ == "__main__":
    sys.exit(main())
