"""The GitHub action and the pre-commit hook, as their users' CI runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv

import pytest
import yaml

from chainrule.baseline.baseline import Baseline
from programs.house import ROOT

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="the steps are for bash"),
]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
NETWORK = (ROOT / "meta_tests/banks/styles/class_alone.py").read_text(encoding="utf-8")


def valued(expression, inputs):
    """What an expression of GitHub in action.yml stands for."""
    choice = re.fullmatch(r"inputs\.(\S+) && format\('(.*)', inputs\.\S+\) \|\| github\.action_path", expression)
    if choice:
        return choice[2].format(inputs[choice[1]]) if inputs[choice[1]] else str(ROOT)
    return inputs[re.fullmatch(r"inputs\.(\S+)", expression)[1]]


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The folder of a fresh Python, in place of the one that actions/setup-python installs."""
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, with_pip=True)
    return folder / "bin"


@pytest.fixture
def workflow(tmp_path, python):
    """Runs the steps of action.yml in a repository, one after another: (exit status, the log, the summary)."""

    def workflow(**given):
        inputs = {name: str(declared.get("default", "")) for name, declared in ACTION["inputs"].items()} | given
        assert not {name for name, declared in ACTION["inputs"].items() if declared.get("required")} - given.keys()
        summary = tmp_path / ".git" / "summary.md"
        summary.parent.mkdir(exist_ok=True)
        summary.unlink(missing_ok=True)
        github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path), "GITHUB_STEP_SUMMARY": str(summary)}
        log = ""
        for step in ACTION["runs"]["steps"]:
            if "uses" in step:
                assert step["uses"].startswith("actions/setup-python@v")
                continue
            declared = {
                name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: valued(found[1], inputs), value)
                for name, value in step["env"].items()
            }
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=tmp_path,
                env={"PATH": f"{python}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)} | github | declared,
                capture_output=True,
                encoding="utf-8",
                timeout=600,
            )
            log += done.stdout + done.stderr
            if done.returncode:
                break
        return done.returncode, log, summary.read_text(encoding="utf-8") if summary.exists() else ""

    return workflow


def test_a_network_in_a_repository_of_its_own(workflow, tmp_path, python):
    network, baseline = tmp_path / "net.py", tmp_path / "chainrule.toml"

    def local(*arguments):
        done = subprocess.run([python / "chainrule", "check", *arguments], cwd=tmp_path, capture_output=True)
        return done.returncode

    xavier, he = "np.sqrt(6 / (a + b))", "np.sqrt(6 / a)"
    network.write_text(NETWORK.replace(xavier, he), encoding="utf-8")
    status, log, summary = workflow(target="net.py")  # no baseline yet
    assert status == 1, log
    assert "### net.py: fail" in summary
    assert (tmp_path / "chainrule-report.html").exists()

    assert local("net.py", "--baseline", "chainrule.toml", "--update-baseline") == 0
    gated = {"target": "net.py", "baseline": "chainrule.toml"}
    status, log, summary = workflow(**gated)
    assert (status, "::error" in log, "Gate: **green**" in summary) == (0, False, True), log
    assert "### net.py: gate green, verdict fail" in summary

    mask = "(d @ w.T) * (layer > 0)"
    lines = NETWORK.splitlines()
    (planted,) = (number for number, line in enumerate(lines, 1) if mask in line)
    network.write_text(NETWORK.replace(xavier, he).replace(mask, "d @ w.T"), encoding="utf-8")
    status, log, summary = workflow(**gated)
    (annotation,) = (line for line in log.splitlines() if line.startswith("::error"))
    assert (status, annotation.partition("::ReLU")[0]) == (
        1,
        f"::error file=net.py,line={planted},title=chainrule%3A mask-missing",
    )
    assert f"(`net.py:{planted}`)" in summary

    network.write_text(NETWORK, encoding="utf-8")  # Xavier, so that the baseline is stale
    status, log, _ = workflow(**gated)
    variance = baseline.read_text("utf-8").partition('"initialization.variance"')[0].count("\n") + 1
    assert (status, f"::error file=chainrule.toml,line={variance},title=chainrule%3A stale::" in log) == (1, True), log
    assert local("net.py", "--baseline", "chainrule.toml", "--update-baseline") == 0
    assert workflow(**gated)[0] == 0

    network.rename(tmp_path / "perceptron.py")
    status, log, _ = workflow(target="perceptron.py", baseline="chainrule.toml")
    assert status == 0, log
    status, log, _ = workflow(target="perceptron.py", chapters="activations softmax")
    assert (status, "gradients" in log) == (0, False), log


def test_the_example_workflow_names_inputs_of_the_action():
    text = (ROOT / "docs/gate.md").read_text(encoding="utf-8")
    examples = [yaml.safe_load(found) for found in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (used,) = (
        step["with"]
        for example in examples
        for job in example.get("jobs", {}).values()
        for step in job["steps"]
        if "chainrule@" in step.get("uses", "")
    )
    assert used.keys() <= ACTION["inputs"].keys()
    (hooks,) = (example["repos"][0]["hooks"] for example in examples if "repos" in example)
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == [hook["id"] for hook in offered]
    assert all(re.search(hooks[0]["files"], name) for name in hooks[0]["args"] if not name.startswith("--"))


def test_the_example_of_a_baseline_is_one(tmp_path):
    text = (ROOT / "docs/gate.md").read_text(encoding="utf-8")
    (tmp_path / "b.toml").write_text(re.findall(r"```toml\n(schema.*?)```", text, re.DOTALL)[0], encoding="utf-8")
    expected = Baseline.read(tmp_path / "b.toml").expected
    assert list(expected) == sorted(expected)
    assert {"blocked", "failed", "skipped"} == {line.outcome for line in expected.values()}


def test_the_hook_is_a_command(tmp_path):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (tmp_path / "net.py").write_text(NETWORK, encoding="utf-8")
    assert not hook["pass_filenames"]
    done = subprocess.run(
        [sys.executable, "-m", *hook["entry"].split(), "net.py", "--chapter", "softmax", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "pass")
