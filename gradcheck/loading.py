"""Derivation files as modules: loaded so that no two can clash, and siblings find each other.

A file ``derivations/softmax.py`` is the module ``derivations.softmax``, whatever its own name
would shadow (``derivations/copy.py`` is not the standard library's ``copy``), and siblings import
it as ``from derivations.softmax import backward``. Folders of one name in different places are
kept apart: the modules of one are put aside while a file of another is loaded or checked.
"""

from __future__ import annotations

import importlib.util
import linecache
import os
import sys
import traceback
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.claims import DECLARATIONS, Derivation, Identity, Rule
from gradcheck.errors import GradcheckError
from gradcheck.report.figures import place

#: The folder whose files are derivation files.
FOLDER = "derivations"
#: The id of what is reported for a file that cannot be imported; no declaration can have it.
IMPORT = "import"

#: What a derivation has and a function has not.
_RULES = (
    "partial", "column", "row", "jacobian", "vjp", "jvp", "gradient", "hessian",
)  # fmt: skip
#: Every encoding but those of bytes has a zero among the first.
_HEAD = 64
_PACKAGE = Path(__file__).parent
#: The modules of each folder, while another folder of its name is the one that is imported from.
_aside: dict[Path, dict[str, ModuleType]] = {}


class LoadError(GradcheckError):
    """A file that cannot be imported; says the file, the line and the reason."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Found:
    """What a file declares under one id: a claim, or the problem for which there is none."""

    id: str
    line: int
    claim: Rule | Identity | None = None
    problem: str = ""


def found_at(
    path: Path,
    folders: Sequence[str] = (FOLDER,),
    passing: tuple[type[BaseException], ...] = (KeyboardInterrupt,),
) -> list[Found]:
    """What a file declares; the reason where it cannot be imported. The arguments of ``load``."""
    try:
        return found_in(load(path, folders, passing))
    except LoadError as error:
        return [Found(IMPORT, error.line, problem=str(error))]


def found_in(module: ModuleType) -> list[Found]:
    """What a module declares, in order: every claim, and what is wrong with a declaration."""
    found: dict[str, Found] = {}
    declared = declared_in(module)
    for item in declared:
        name, problem = item.id, item.problem
        if isinstance(item, Derivation):
            if problem is None and item.rules:
                continue
            problem = problem or (
                f"{item.name} has no rule, so nothing is claimed about it; declare one, such as "
                f"@{item.name}.vjp"
            )
        elif isinstance(item, Rule) and item.derivation.problem is not None:
            if item.derivation in declared:
                continue  # reported with the derivation
            problem = item.derivation.problem  # which another file declares
        if name in found:
            problem = (
                f"two claims have the id {name}: this one and that at line {found[name].line}; "
                "rename one of them"
            )
            while name in found:
                name += "-again"
        if problem is not None or isinstance(item, Derivation):
            found[name] = Found(
                name, item.line, problem=f"{place(item.file, item.line)}: {problem}"
            )
        else:
            found[name] = Found(name, item.line, item)
    return list(found.values())


def declared_in(module: ModuleType) -> list[Derivation | Rule | Identity]:
    """What a module declares, in order."""
    declared: list[Any] = getattr(module, DECLARATIONS, [])
    return list(declared)


def is_source(path: Path) -> bool:
    """Whether a file of a derivation folder may hold derivations."""
    return path.suffix == ".py" and path.name != "conftest.py"


def derivation_folder(path: Path, folders: Sequence[str] = (FOLDER,)) -> Path | None:
    """The innermost folder around ``path`` that is named as a derivation folder."""
    return next((parent for parent in path.parents if parent.name in folders), None)


def load(
    path: Path,
    folders: Sequence[str] = (FOLDER,),
    passing: tuple[type[BaseException], ...] = (KeyboardInterrupt,),
) -> ModuleType:
    """The module of one file, loaded once.

    Raises ``LoadError`` whatever the file does while it is imported, but for the exceptions in
    ``passing``, which pass through.
    """
    path = _absolute(path)
    folder, name = _module_of(path, folders)
    # Last, so that nothing of the user's shadows a library.
    root = str(path.parent if folder is None else folder.parent)
    if root not in sys.path:
        sys.path.append(root)
    with installed(folder):
        if folder is not None:
            _make_packages_between(folder, path.parent)
        module = sys.modules.get(name)
        if module is not None and getattr(module, "__file__", None) == str(path):
            return module
        try:
            return _execute(name, path, [str(path.parent)] if path.stem == "__init__" else None)
        except passing:
            raise
        except BaseException as error:
            raise _load_error(path, error, folders) from error


@contextmanager
def installed(folder: Path | None) -> Iterator[None]:
    """Make the name of ``folder`` mean this folder, for the imports inside.

    Those are of a file that is loaded, and those that a function makes when it is called.
    """
    if folder is None or _is_imported(folder):
        yield
        return
    package = folder.name
    before = _taken_out(package)
    sys.modules.update(_aside.pop(folder, {}))
    if package not in sys.modules:
        _make_package(folder, package)
    try:
        yield
    finally:
        # What is imported from outside, by tests, is what Python itself would find.
        if before or not _is_first_on_path(folder):
            _aside[folder] = _taken_out(package)
            sys.modules.update(before)


def forget(folder: Path) -> None:
    """Have the files of a folder loaded anew when they are next asked for."""
    folder = _absolute(folder)
    _aside.pop(folder, None)
    if _is_imported(folder):
        _taken_out(folder.name)


def explain(error: BaseException, file: str, line: int) -> str | None:
    """Why a claim of ``file`` could not be checked, for its author; None for our own mistakes.

    Theirs is what happened in their code, or in what their code called.
    """
    if isinstance(error, GradcheckError):
        return f"{place(file, line)}: {error}"
    theirs = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == file:
            theirs = frame
        elif Path(frame.filename).is_relative_to(_PACKAGE):
            theirs = None
    if theirs is None:
        return None
    return f"{place(file, theirs.lineno or line)}: {_said(error)}\n    {theirs.line}"


def _absolute(path: Path) -> Path:
    """Without ``..``, but with its links: a link may be what gives a folder its name."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links


def _module_of(path: Path, folders: Sequence[str]) -> tuple[Path | None, str]:
    """The folder that is the outermost package of a file, and the name of its module.

    Outside of derivation folders and packages a file stands alone, under a name that shadows none.
    """
    folder = derivation_folder(path, folders)
    if folder is None:
        packages = (p for p in path.parents if not (p.parent / "__init__.py").is_file())
        folder = next(packages) if (path.parent / "__init__.py").is_file() else None
    if folder is None:
        return None, f"{path.stem} {zlib.crc32(path.as_posix().encode()):08x}"
    parts = path.relative_to(folder.parent).with_suffix("").parts
    return folder, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_imported(folder: Path) -> bool:
    where = getattr(sys.modules.get(folder.name), "__path__", ())
    return list(where)[:1] == [str(folder)]


def _is_first_on_path(folder: Path) -> bool:
    roots = (Path(entry) for entry in sys.path)
    return next((r for r in roots if (r / folder.name).is_dir()), None) == folder.parent


def _taken_out(package: str) -> dict[str, ModuleType]:
    names = [n for n in sys.modules if n == package or n.startswith(package + ".")]
    return {name: sys.modules.pop(name) for name in names}


def _make_packages_between(folder: Path, inner: Path) -> None:
    """Make packages of the folders from ``folder`` down to ``inner``.

    A module loaded before its package is an attribute of none: `derivations.activations.sigmoid`.
    """
    parts = inner.relative_to(folder.parent).parts
    for count in range(2, len(parts) + 1):
        name = ".".join(parts[:count])
        if name not in sys.modules:
            _make_package(folder.parent.joinpath(*parts[:count]), name)


def _make_package(folder: Path, name: str) -> None:
    init = folder / "__init__.py"
    if init.is_file():
        try:
            _execute(name, init, [str(folder)])
            return
        except KeyboardInterrupt:
            raise
        except BaseException:
            pass  # it is reported when it is loaded as a file; the others need a package to be in
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    _make_attribute(name, package)


def _execute(name: str, path: Path, locations: list[str] | None = None) -> ModuleType:
    spec = _spec(name, path, locations)
    if spec is None or spec.loader is None:
        raise ImportError("this is not a file of Python code")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise
    _make_attribute(name, module)
    return module


def _make_attribute(name: str, module: ModuleType) -> None:
    """Make a module the attribute of its package, as importing does: `derivations.softmax`."""
    package, _, own = name.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], own, module)


def _spec(name: str, path: Path, locations: list[str] | None) -> ModuleSpec | None:
    # As importing would, so that pytest rewrites the assertions of a test file.
    for finder in sys.meta_path:
        spec = finder.find_spec(name, [str(path.parent)]) if locations is None else None
        if spec is not None and spec.origin == str(path):
            return spec
    return importlib.util.spec_from_file_location(name, path, submodule_search_locations=locations)


def _load_error(path: Path, error: BaseException, folders: Sequence[str]) -> LoadError:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, said, text = error.lineno or 1, f"{type(error).__name__}: {error.msg}", error.text
    else:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno or 1 for f in reversed(frames) if f.filename == str(path)), 1)
        said, text = _said(error), linecache.getline(str(path), line)
        last = frames[-1]
        if Path(last.filename).parent == path.parent and last.filename != str(path):
            said += f" ({place(last.filename, last.lineno or 1)})"
    said += _remedy(path, error, folders)
    code = f"\n    {text.strip()}" if text and text.strip() and "\0" not in text else ""
    return LoadError(f"{place(str(path), line)}: cannot be imported: {said}{code}", line)


def _remedy(path: Path, error: BaseException, folders: Sequence[str]) -> str:
    """What to do about an error that is usual in derivation files; often nothing is known."""
    match error:
        case SyntaxError() if path.is_file() and b"\0" in path.read_bytes()[:_HEAD]:
            return "; it is encoded as UTF-16 or UTF-32, as it seems: save it as UTF-8"
        case ModuleNotFoundError(name=str(name)) if (path.parent / f"{name}.py").is_file():
            within = _module_of(path, folders)[1].rpartition(".")[0]
            return f"; {name}.py lies beside it: from {within}.{name} import …" if within else ""
        case AttributeError(name=str(name), obj=obj) if name in _RULES and callable(obj):
            own = getattr(obj, "__name__", "the function")
            return f"; {own} is not declared: put @derivation(…), with its inputs, right above it"
    return ""


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
