"""The pytest plugin's entry: its options, and whether it has anything to do.

`pytest --pyargs chainrule.spec_tests --impl TARGET` runs the specification under plain pytest.  Without `--impl` the
plugin adds one option to pytest, imports nothing and does nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chainrule.running.loading import Loaded
    from chainrule.running.pytest_plugin.recorder import Recorder

DEFAULT_TIMEOUT = 60.0
LOADED: pytest.StashKey[Loaded] = pytest.StashKey()
RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chainrule")
    group.addoption("--impl", metavar="TARGET", help="run chainrule.spec_tests on this implementation")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """The other options exist only beside `--impl`, so that they clash with nobody's else."""
    if early_config.known_args_namespace.impl is None:
        return
    group = parser.getgroup("chainrule")
    group.addoption("--adapter", metavar="FILE", help="the file with the Adapter for TARGET")
    group.addoption(
        "--chapter", metavar="NAME", action="append", default=[], help="require this chapter only, and any others named"
    )
    group.addoption("--convention", metavar="KEY=VALUE", action="append", default=[], help="declare a convention")
    group.addoption("--name", metavar="NAME=THEIRS", action="append", default=[], help="what TARGET calls a name")
    group.addoption("--run-all", action="store_true", help="execute all of TARGET, not only its definitions")
    group.addoption("--full", action="store_true", help="train on Fashion-MNIST as well")
    group.addoption("--thorough", action="store_true", help="explore at random, with many more examples")
    group.addoption("--spec-seed", type=int, metavar="N", help="what decides them: the run that had N, again")
    group.addoption(
        "--spec-timeout", type=float, metavar="SECONDS", help="per spec (default 60; 600 with --thorough; 0: none)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the implementation, and bring in what runs and what records the specs."""
    if config.option.impl is None:
        return
    from chainrule.contract.declarations import pairs
    from chainrule.contract.errors import UnusableTarget
    from chainrule.running.loading import load
    from chainrule.running.pytest_plugin import hooks  # before TARGET, which must not change what it runs with
    from chainrule.running.pytest_plugin.recorder import Recorder

    if LOADED not in config.stash:
        try:
            config.stash[LOADED] = load(
                config.option.impl,
                config.option.adapter,
                conventions=pairs("--convention", config.option.convention),
                names=pairs("--name", config.option.name),
                run_all=config.option.run_all,
            )
        except UnusableTarget as error:
            raise pytest.UsageError(str(error)) from None
    if not hasattr(config, "workerinput"):  # a worker process sends its reports to the one that records
        config.pluginmanager.register(config.stash.setdefault(RECORDER, Recorder()), "chainrule-recorder")
    config.pluginmanager.register(hooks, "chainrule.running.pytest_plugin.hooks")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.impl is None and any(hasattr(getattr(item, "obj", None), "spec") for item in items):
        raise pytest.UsageError("chainrule.spec_tests: which implementation? Name it: --impl TARGET")
