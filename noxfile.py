"""Every check, on every Python. `nox` runs what CI runs; `nox -s NAME` runs one session; `nox -l` lists all sessions.

nox skips interpreters that are not on this machine, and says so.
"""

import os
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = [
    "lint",
    "types",
    "docs",
    "tests",
    "whole",
    "diagnoses",
    "lowest",
    "wheel",
    "golden",
    "points",
    "peers",
    "full",
    "study",
    "browser",
]

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
EVERYTHING = "3.11"  # the interpreter that runs all meta-tests
PROJECT = nox.project.load_toml("pyproject.toml")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SAMPLE = ("--every", "10")  # in CI, every tenth planted mistake; `nox -s diagnoses -- --every 1` checks all
HANGS = ("--timeout", "900", "--timeout-method", "thread")  # many times what the longest test takes; without a signal
PARALLEL = ("-n", "auto", "--dist", "worksteal", *HANGS)
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}  # parallel tests must not compete for the cores


def group(name: str) -> list[str]:
    """The requirements of a dependency group, with the checkout in place of chainrule."""
    requirements = nox.project.dependency_groups(PROJECT, name)
    return [requirement.replace("chainrule[", ".[", 1) for requirement in requirements]


def once(python: str) -> list[str]:
    """The tests of parts and commands; those marked `once` run on one interpreter alone."""
    return ["meta_tests/unit", "meta_tests/command", *([] if python == EVERYTHING else ["-m", "not once"])]


def program(session: nox.Session, name: str, *arguments: str) -> None:
    """Run one of the meta-tests' programs; `python -m programs.NAME` in meta_tests/ does the same."""
    environment = ONE_THREAD | {"PYTHONPATH": str(Path("meta_tests").resolve())}
    session.run("python", "-m", f"programs.{name}", *arguments, env=environment)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The meta-tests of the tool's parts and commands, on every interpreter found."""
    session.install(*group("test"))
    session.run("pytest", *PARALLEL, *once(session.python), *session.posargs, env=ONE_THREAD)


@nox.session(python="3.11")
def whole(session: nox.Session) -> None:
    """Whole checks of many files: faulty ones must fail, correct ones pass. Also the tests of the repository itself.

    One interpreter is enough, as the clauses are the same on all.
    """
    session.install(*group("test"))
    session.run("pytest", *PARALLEL, "meta_tests/house", "meta_tests/whole", *session.posargs, env=ONE_THREAD)


@nox.session
def house(session: nox.Session) -> None:
    """By hand: the rooms of chainrule, drawn from the code: floors, files, lines, imports, circles."""
    program(session, "house")


@nox.session
def verdicts(session: nox.Session) -> None:
    """By hand: record what a check says of every bank file (`-- record FILE`), or compare two records."""
    session.install(*group("test"))
    program(session, "verdicts", *session.posargs)


@nox.session
def diagnoses(session: nox.Session) -> None:
    """The table of diagnoses: each planted mistake, the first clause to fail, its name, whether its line is found."""
    session.install(*group("test"))
    program(session, "diagnoses", *(session.posargs or SAMPLE))


@nox.session(python="3.11")
def planted(session: nox.Session) -> None:
    """By hand: every mistake planted in the extension chapters, of which `whole` tries a third."""
    session.install(*group("test"))
    chosen = ("meta_tests/whole", "-k", "planted", *session.posargs)
    session.run("pytest", *PARALLEL, *chosen, env=ONE_THREAD | {"CHAINRULE_EVERY_PLANTED": "1"})


@nox.session(python="3.10")
def lowest(session: nox.Session) -> None:
    """The meta-tests with the lowest versions that pyproject.toml declares."""
    extras = PROJECT["project"]["optional-dependencies"]
    declared = [
        *PROJECT["project"]["dependencies"],
        *(requirement for extra in extras.values() for requirement in extra),
    ]
    beside = ("mpmath==1.3.0", "pytest-timeout", "pyyaml")
    session.install(*[requirement.replace(">=", "==") for requirement in declared], *beside)
    session.install("--no-deps", ".")
    quiet = ("-W", "ignore::DeprecationWarning")  # old packages warn about newer ones
    session.run("pytest", *PARALLEL, *quiet, *once("3.10"), *session.posargs, env=ONE_THREAD)


@nox.session
def wheel(session: nox.Session) -> None:
    """The wheel: built from the source distribution, installed alone and used outside the checkout."""
    session.install(*group("build"))
    folder = Path(tempfile.mkdtemp())
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    program(session, "use_wheel", str(folder))
    shutil.rmtree(folder)


@nox.session
def golden(session: nox.Session) -> None:
    """Compute the golden values again, and compare them bit by bit."""
    session.install("mpmath")
    session.run("python", "golden/generate", "--check")


@nox.session
def points(session: nox.Session) -> None:
    """The stored examples of the property specs, drawn again and compared."""
    session.install(*group("points"), "-e", ".")
    session.run("python", "-m", "chainrule.specification.points", "--check")


@nox.session(python="3.11")
def peers(session: nox.Session) -> None:
    """Compare the golden values with PyTorch in float64."""
    session.install(*group("peers"), *group("test"))
    session.run("pytest", "meta_tests/peers", "--override-ini", "norecursedirs=.* build dist", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, by ruff."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types, by mypy, of chainrule as it is installed."""
    session.install(*group("types"), ".[study]")
    settings = Path("pyproject.toml").resolve()
    session.chdir(session.create_tmp())  # away from the checkout's own folders
    session.run("mypy", "--config-file", str(settings))


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """The documentation, as HTML in build/docs.  A link that leads nowhere is an error."""
    session.install(*group("docs"), ".")
    session.run("sphinx-build", "-E", "-W", "--keep-going", "-q", "-b", "html", "docs", "build/docs")


@nox.session(python="3.11")
def coverage(session: nox.Session) -> None:
    """By hand: the branch coverage of the meta-tests, at least 95 % of chainrule and 100 % of the reference."""
    session.install("-e", ".", *[requirement for requirement in group("test") if not requirement.startswith(".")])
    session.install("pytest-xdist", "matplotlib")
    session.run("pytest", *PARALLEL, "--cov", "--cov-report=", *session.posargs, env=ONE_THREAD)
    session.run("coverage", "report", "--fail-under=95")
    session.run("coverage", "report", "--include=reference/*", "--fail-under=100")


@nox.session
def full(session: nox.Session) -> None:
    """Check the reference in full, with training on the real data."""
    session.install(".")
    session.run("chainrule", "check", "chainrule.reference", "--full")


@nox.session
def study(session: nox.Session) -> None:
    """The book of this project: the reference beside its derivation, every line and every clause covered."""
    session.install(".[study]")
    book = Path(*session.posargs) if session.posargs else Path("build", "study", "reference.html")
    book.parent.mkdir(parents=True, exist_ok=True)
    session.run("chainrule", "study", "chainrule.reference", "--output", str(book), "--fail-under", "100")


@nox.session(python="3.11")
def browser(session: nox.Session) -> None:
    """The pages in a real Chromium, without a window: a click on a line lights up its clauses."""
    if not any(map(shutil.which, BROWSERS)):
        session.skip(f"none of {', '.join(BROWSERS)} is installed: on Debian, apt-get install chromium")
    session.install(*group("browser"))
    session.run("pytest", "meta_tests/browser", *session.posargs, env=ONE_THREAD)


@nox.session
def alarms(session: nox.Session) -> None:
    """False alarms: every correct variant, with a thousand random cases for each spec. By hand: minutes each."""
    session.install(*group("test"))
    program(session, "alarms", *session.posargs)


@nox.session(python="3.11")
def untrained(session: nox.Session) -> None:
    """Every style of the bank without its training: nothing in it fails.  By hand: it takes minutes."""
    session.install(*group("test"))
    program(session, "untrained", *session.posargs)


@nox.session(python="3.11")
def mutation(session: nox.Session) -> None:
    """Which mutants of the reference does the specification notice? By hand: it takes minutes."""
    session.install(".", *group("mutation"))
    on_a_copy(session, "mutation_score")


@nox.session(python="3.11")
def strength(session: nox.Session) -> None:
    """Which faults does each clause notice, alone or first? By hand: it takes minutes."""
    session.install(".")
    on_a_copy(session, "strength")


def on_a_copy(session: nox.Session, name: str) -> None:
    """Run one of the meta-tests' programs on a copy of the checkout, so that the checkout may be edited meanwhile."""
    with tempfile.TemporaryDirectory() as copy:
        for folder in ("chainrule", "golden", "meta_tests", "reference", "spec_tests"):
            shutil.copytree(folder, Path(copy, folder), ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy("pyproject.toml", copy)
        environment = ONE_THREAD | {"PYTHONPATH": f"{copy}{os.pathsep}{Path(copy, 'meta_tests')}"}
        session.run("python", "-m", f"programs.{name}", *session.posargs, env=environment)


@nox.session(python="3.11")
def bench(session: nox.Session) -> None:
    """Speed, of a check and of training, as ratios to what is measured in the same run.  Never part of a verdict."""
    session.install(*group("bench"))
    session.run("python", "benchmarks/check.py")
    session.run("python", "benchmarks/watch.py")
    session.run("python", "benchmarks/convolution.py")
    session.run("python", "benchmarks/training.py", *session.posargs)
