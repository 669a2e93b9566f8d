"""Rules of the whole project that neither the linter nor the type checker knows."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "contract", "dnsmedic", "sandbox", "workers")
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py") if "node_modules" not in path.parts)
BUILT = {"requirements.txt", "page.js"}
BANNED_NAMES = {"utils", "helpers", "common", "base", "manager", "handler", "processor", "service", "core"}
LONGEST_FUNCTION = 50
LONGEST_FILE = 400


def _tracked() -> list[Path]:
    """The files of the project that are text: what git tracks, but for pictures."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        ROOT / name for name in listed.split("\0") if name and not name.endswith(".png") and (ROOT / name).is_file()
    ]


def _trees(paths: list[Path]) -> Iterator[tuple[str, ast.Module]]:
    for path in paths:
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


# What may be in a file


def _machine_paths_and_hosts() -> re.Pattern[str]:
    # Put together here, so that this file does not hold them itself.
    paths = [f"/{name}/" for name in ("work", "root", "home", "Users")]
    hosts = [
        "pypi" + r"\.org",
        "pythonhosted" + r"\.org",
        "npmjs" + r"\.org",
        "crates" + r"\.io",
        "proxy.golang" + r"\.org",
    ]
    return re.compile("|".join([*(rf"(?<![\w./*-]){path}" for path in paths), *hosts]))


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    """No path of somebody's machine and no host of a package registry is committed."""
    wanted = _machine_paths_and_hosts()
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in _tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if wanted.search(line)
    ]

    assert found == []


def test_nothing_is_left_for_later() -> None:
    """No file says that something is still to be done."""
    words = re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "raise NotImplemented" + "Error"]) + r")\b"
    )
    found = [
        str(path.relative_to(ROOT))
        for path in _tracked()
        if path.name not in BUILT and words.search(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []


def test_no_token_looks_real() -> None:
    """Slack tokens and AWS keys in the project are plainly made up: words, not random characters."""
    real = re.compile(r"xox[abp]-\d{6,}-|xapp-\d-A[A-Z0-9]{8,}-\d|\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}\b")
    found = [
        str(path.relative_to(ROOT))
        for path in _tracked()
        if real.search(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []


# How the code is laid out


def test_names_say_what_a_thing_is() -> None:
    """No module or class is called utils, helpers, common, base, manager, handler, processor, service or core."""
    modules = [path.relative_to(ROOT).as_posix() for path in MODULES if path.stem in BANNED_NAMES]
    classes = [
        f"{name}: {node.name}"
        for name, tree in _trees(MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and re.findall(r"[A-Z][a-z0-9]+", node.name)[-1:] != []
        and re.findall(r"[A-Z][a-z0-9]+", node.name)[-1].lower() in BANNED_NAMES - {"service"}
    ]

    assert ([], []) == (modules, classes)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_only_the_runner_catches_everything() -> None:
    """The one broad `except` of the product is the runner's: everywhere else an unknown error is a bug, and shows.

    A handler that ends in `raise` hides nothing, and does not count.
    """
    broad = [
        name
        for name, tree in _trees(MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and not _raises_again(node)
        for caught in (node.type.elts if isinstance(node.type, ast.Tuple) else [node.type])
        if caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"})
    ]

    assert broad == ["workers/runner.py"]


def test_functions_and_files_stay_readable() -> None:
    """No function is longer than a screen, and no module than a few."""
    functions = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in _trees(MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    # The kinds of the Kubernetes API are a list, however long.
    files = [
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if path != ROOT / "workers/cluster/objects.py"
        and len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    ]

    assert ([], []) == (functions, files)


# Who may import whom


def _broken(tree: Path) -> list[str]:
    """The names of the import contracts that TREE breaks; what the linter said where it could not judge."""
    linter = Path(sys.executable).parent / "lint-imports"
    command = [str(linter), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False)
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    broken = re.findall(r"^(.+?)\s+BROKEN", said, re.MULTILINE)
    return broken if broken or done.returncode == 0 else [said]


def _copy(tree: Path) -> Path:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


@pytest.mark.parametrize(
    "module,line,contract",
    [
        ("bot/stray.py", "import workers.cluster", "bot and workers know the contract, never each other"),
        ("bot/stray.py", "import boto3", "the bot cannot reach AWS, Kubernetes or DNS at all"),
        ("contract/stray.py", "import dns.message", "the bot cannot reach AWS, Kubernetes or DNS at all"),
        ("contract/stray.py", "import bot", "bot and workers know the contract, never each other"),
        ("workers/stray.py", "", "inside workers, imports go one way"),
        ("workers/cluster/stray.py", "import workers.checks", "inside workers, imports go one way"),
        ("workers/checks/stray.py", "import kubernetes", "only workers.cluster talks to AWS, Kubernetes and DNS"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, module: str, line: str, contract: str) -> None:
    """The import rules are not for show: each kind of wrong import breaks its contract."""
    tree = _copy(tmp_path)
    (tree / module).write_text(f"{line}\n", encoding="utf-8")

    assert contract in _broken(tree)


def test_every_module_of_workers_but_two_is_kept_from_the_network() -> None:
    """The list of modules that may not talk to AWS, Kubernetes or DNS forgets none."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    listed = {name for rule in rules if rule["id"] == "io" for name in rule["source_modules"]}
    modules = {path for path in (ROOT / "workers").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    expected = {f"workers.{path.stem}" for path in modules} - {
        "workers.__init__",
        "workers.cluster",
        "workers.settings",
    }

    assert expected == {name for name in listed if name.startswith("workers.")}


def _imported_by(program: str) -> set[str]:
    """The top-level packages that a Python of its own has imported after PROGRAM."""
    code = f"import sys\n{program}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_help_imports_no_side() -> None:
    """`dnsmedic --help` answers at once: it imports neither a side nor a big library."""
    heavy = {
        "bot",
        "workers",
        "sandbox",
        "boto3",
        "kubernetes",
        "dns",
        "slack_sdk",
        "slack_bolt",
        "rq",
        "redis",
        "rich",
    }
    imported = _imported_by("import dnsmedic.__main__")

    assert set() == imported & heavy


def test_a_check_in_the_terminal_needs_neither_slack_nor_rq() -> None:
    """`dnsmedic check` starts without the libraries of the other processes."""
    imported = _imported_by("import workers.terminal.check, workers.terminal.doctor")

    assert set() == imported & {"slack_sdk", "slack_bolt", "rq", "bot", "sandbox"}


def test_a_check_of_an_eks_cluster_waits_for_no_official_client() -> None:
    """It takes as long to import as all the rest together, and only a kubeconfig needs it; there a worker forks with it."""
    warmed = "from contract.clusters import load\nfrom workers.worker.production import warm\nwarm(load({!r}))"
    eks, dev = "clusters: {a: {region: us-east-1}}", "clusters: {a: {kubeconfig: config, context: kind-dev}}"

    assert "kubernetes" not in _imported_by("import workers.terminal.check")
    assert "kubernetes" not in _imported_by(warmed.format(eks))
    assert "kubernetes" in _imported_by(warmed.format(dev))
