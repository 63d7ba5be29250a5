"""The entry point of the pytest plugin: its options, and whether it becomes active.

`pytest --pyargs chainrule.spec_tests --impl TARGET` runs the specification under plain pytest.  Without `--impl`, the
plugin only adds that option to pytest.
"""

from __future__ import annotations

import pytest

from chainrule.pytest_plugin.keys import BASELINE, RUN


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chainrule")
    group.addoption("--impl", metavar="TARGET", help="run chainrule.spec_tests on this implementation")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Add the other options only beside `--impl`, so that they never clash with those of other plugins."""
    if early_config.known_args_namespace.impl is None:
        return
    group = parser.getgroup("chainrule")
    group.addoption("--adapter", metavar="FILE", help="the file with the Adapter for TARGET")
    group.addoption(
        "--chapter", metavar="NAME", action="append", default=[], help="require only this chapter; repeatable"
    )
    group.addoption("--convention", metavar="KEY=VALUE", action="append", default=[], help="declare a convention")
    group.addoption("--name", metavar="NAME=THEIRS", action="append", default=[], help="TARGET's name for a contract's")
    group.addoption("--run-all", action="store_true", help="run the whole of TARGET, not only its definitions")
    group.addoption("--full", action="store_true", help="also train on Fashion-MNIST")
    group.addoption(
        "--baseline", metavar="FILE", help="what is not expected to pass; green only where just this happens"
    )
    group.addoption("--thorough", action="store_true", help="draw many more examples at random")
    group.addoption("--spec-seed", type=int, metavar="N", help="repeat the --thorough run whose report names seed N")
    group.addoption(
        "--spec-timeout", type=float, metavar="SECONDS", help="per spec (default 60; 600 with --thorough; 0: no limit)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the implementation, and register the plugins that run specs and record results."""
    if config.option.impl is None:
        return
    from chainrule.pytest_plugin import hooks, recorder  # before TARGET, whose changes to them must show

    plain = RUN not in config.stash
    if plain:
        config.stash[RUN], config.stash[BASELINE] = hooks.run_of(config.option), hooks.baseline_of(config.option)
    run, baseline = config.stash[RUN], config.stash[BASELINE]
    config.option.spec_seed = run.limits.seed  # the same in every process
    config.pluginmanager.register(recorder.Recorder(run, baseline), "chainrule-recorder")
    if plain and not hasattr(config, "workerinput"):
        config.pluginmanager.register(recorder.Reporter(run, baseline), "chainrule-reporter")
    config.pluginmanager.register(hooks, "chainrule.pytest_plugin.hooks")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.impl is None and any(hasattr(getattr(item, "obj", None), "spec") for item in items):
        raise pytest.UsageError("chainrule.spec_tests: which implementation? Name it: --impl TARGET")
