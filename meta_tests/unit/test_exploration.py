"""`--thorough`: it looks at as many cases as docs/false_alarms.md says, and a seed repeats it."""

import re
from pathlib import Path

import numpy as np
import pytest

from banks import variants
from chainrule.cli import main
from chainrule.contract.conventions import Convention
from chainrule.contract.errors import UnusableTarget
from chainrule.mathematics.cases import MARGIN, SIZES, Case
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, analyse
from chainrule.reports.html import page
from chainrule.running import limits, watching
from chainrule.running.limits import DEFAULT_TIMEOUT
from chainrule.spec_tests import test_gradients as gradients
from chainrule.spec_tests import test_layers as layers
from chainrule.spec_tests import test_training as training
from chainrule.specification.analysis import analysis_of
from chainrule.specification.networks import AT_RANDOM, Networks
from chainrule.specification.searching import EXAMPLES

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "false_alarms.md"


def reference_and_what_it_sees():
    """The reference, and a list of the arrays that its functions are given."""
    module, seen = variants.fresh_reference(), []

    def noting(owner, name, place):
        original = getattr(owner, name)

        def noted(*arguments, **keywords):
            seen.append(np.array(arguments[place]).tobytes())
            return original(*arguments, **keywords)

        setattr(owner, name, noted)

    noting(module, "relu", 0)
    noting(module.MLP, "forward", 1)
    noting(module.MLP, "backward", 1)
    return module, seen


@pytest.fixture
def specs_alone(monkeypatch):
    """The calls that follow the specs, on inputs which are fresh in every run, are left out."""
    monkeypatch.setattr(watching, "unwatched", lambda *arguments, **settings: [])


def look(matching, *, thorough=True, seed=None):
    """(results by clause, the arrays seen) of the specs that match, on the reference."""
    module, seen = reference_and_what_it_sees()
    outcome = variants.check(module, timeout=None, thorough=thorough, seed=seed, matching=matching)
    assert {result.outcome for result in outcome.specs} == {"passed"}, variants.not_passed(outcome)
    return {result.id: result for result in outcome.specs}, seen


COUNTS = [
    ("test_activations and homogeneity", "relu.homogeneity", AT_RANDOM),
    ("test_shapes and test_forward", "network.forward", AT_RANDOM),
    ("test_gradients and test_dead_units", "gradients.dead_units", AT_RANDOM),
    ("test_shapes and test_memoryless", "network.memoryless", AT_RANDOM),
    ("test_layers and test_affine_values", "affine.values", AT_RANDOM),
    ("test_layers and test_relu_linearity", "relu_layer.linearity", AT_RANDOM),
    ("test_layers and test_affine_bias_gradient", "affine.bias_gradient", layers.DIFFERENCED),
    ("test_gradients and test_biases", "gradients.biases", gradients.AT_RANDOM),
    ("test_training and test_labels", "training.labels", AT_RANDOM),
    ("test_training and test_last_batch", "training.last_batch", training.AT_RANDOM),
    ("test_training and test_convex", "training.convex", training.AT_RANDOM),
]


@pytest.mark.parametrize(("matching", "clause", "count"), COUNTS, ids=[clause for _, clause, _ in COUNTS])
def test_a_thorough_spec_looks_at_as_many_cases_as_promised(matching, clause, count):
    results, seen = look(matching, seed=1)
    assert results[clause].cases >= count
    if clause.partition(".")[0] in (
        "relu",
        "network",
        "gradients",
    ):  # where inputs differ; Hypothesis may try a small one twice
        assert len(set(seen)) >= 0.9 * count


@pytest.mark.parametrize("matching", ["test_activations and idempotence", "test_shapes and test_forward"])
@pytest.mark.usefixtures("specs_alone")
def test_a_seed_repeats_a_run_and_another_does_not(matching):
    _, first = look(matching, seed=11)
    _, again = look(matching, seed=11)
    _, other = look(matching, seed=12)
    assert first == again
    assert first != other


@pytest.mark.usefixtures("specs_alone")
def test_without_it_every_run_is_the_same_and_short():
    results, first = look("idempotence or test_forward", thorough=False)
    _, again = look("idempotence or test_forward", thorough=False)
    assert first == again
    assert results["relu.idempotence"].cases == EXAMPLES
    assert results["network.forward"].cases == 0  # the fixed ones alone


def test_a_fresh_seed_is_told():
    outcome = variants.check(variants.fresh_reference(), thorough=True, matching="idempotence")
    assert outcome.to_dict()["seed"] == outcome.seed
    assert 0 <= outcome.seed < 2**32
    told = f"--thorough --seed {outcome.seed}"
    assert told in outcome.notes[-1]
    assert told in page(outcome)
    usual = variants.check(variants.fresh_reference(), matching="idempotence")
    assert usual.seed is None
    assert not any("--seed" in note for note in usual.notes)


@pytest.mark.parametrize(
    ("thorough", "seed", "said"), [(False, 3, "only a --thorough run"), (True, -1, "from 0"), (True, 2**32, "from 0")]
)
def test_what_is_no_seed(thorough, seed, said):
    with pytest.raises(UnusableTarget, match=said):
        limits.exploration_seed(thorough, seed)


def test_seeds():
    assert limits.exploration_seed(True, 0) == 0
    assert limits.exploration_seed(False, None) is None


def test_a_thorough_spec_has_more_time():
    assert limits.default_timeout(False) == DEFAULT_TIMEOUT
    assert limits.default_timeout(True) == limits.THOROUGH_TIMEOUT > DEFAULT_TIMEOUT


def networks(seed=0, thorough=True, architecture="any"):
    impl = variants.loaded(variants.fresh_reference()).impl
    impl.conventions = impl.conventions | {"architecture": Convention(architecture, "declared")}
    return Networks(impl, thorough, seed)


def test_fresh_seeds_are_fresh_and_usual_ones_are_not():
    usual = range(4)
    assert networks(thorough=False).seeds(usual) == [0, 1, 2, 3]
    fresh = networks(seed=7).seeds(usual)
    assert networks(seed=7).seeds(usual) == fresh
    assert len({*fresh, *networks(seed=8).seeds(usual), *usual}) == 12


def test_trials_begin_with_the_usual_seeds():
    assert list(networks(thorough=False).trials([1], 5)) == [1]
    found = networks()
    tried = list(found.trials([1], 5))
    assert (tried[0], len(tried), len(set(tried)), found.impl.cases) == (1, 6, 6, 5)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_random_networks_keep_clear_of_kinks_and_have_different_sizes(precision):
    for case in networks(seed=5).drawn(tuple(SIZES), (1, 2, 7), MARGIN, 300):
        assert analyse(case.reference, case.x, case.y, UNIT_ROUNDOFF[precision]).clear, str(case)
        assert len(set(case.sizes)) == len(case.sizes)


def test_random_networks_may_be_deeper_than_there_are_sizes():
    found = list(networks().drawn((9,), (2,), MARGIN, 3))
    assert [len(case.sizes) for case in found] == [11, 11, 11]


def test_random_networks_are_made_to_fit():
    found = list(networks(architecture="[8, *, 3]")(depths=(0, 1, 2), at_random=20))
    assert {(case.sizes[0], len(case.sizes), case.sizes[-1]) for case in found} == {(8, 3, 3)}
    assert len(found) > 20


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_trainings_of_several_steps_keep_clear_of_kinks(precision):
    """training.epochs and training.continues compare after steps, where no margin is kept by construction."""
    impl = variants.loaded(variants.fresh_reference()).impl
    impl.conventions = impl.conventions | {"precision": Convention(precision, "declared")}
    case = Networks(impl).case(1, 7)
    network, off = case.network(), None
    for _ in range(4):
        batch = Case(network.sizes, network.weights, network.biases, case.x, case.y)
        exact = analysis_of(impl, network, batch, off)
        assert exact.clear
        off = training.descend_once(impl, network, case.x, case.y, 0.25, off or training.no_errors(network))


def test_the_page_names_the_numbers_that_hold():
    text = PAGE.read_text(encoding="utf-8")
    rows = {row.split("|")[1].strip().partition(" (")[0]: row for row in text.splitlines() if row.startswith("| of ")}
    numbers = {name: int(found[1]) for name, row in rows.items() if (found := re.search(r"\| (\d+) ", row))}
    assert {name: n for name, n in numbers.items() if n == AT_RANDOM}.keys() == {
        *("of properties of functions", "of networks", "of single layers", "of labels"),
    }
    assert numbers["of differences"] == gradients.AT_RANDOM == layers.DIFFERENCED
    assert numbers["of whole epochs"] == numbers["of descent"] == training.AT_RANDOM
    assert f"{limits.THOROUGH_TIMEOUT:g} seconds instead of {DEFAULT_TIMEOUT:g}" in text
    assert f"looks at {EXAMPLES} examples" in text


def test_the_command_line_says_the_seed_and_takes_it(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("wrong.py").write_text("def relu(z):\n    return abs(z)\n", encoding="utf-8")
    check = ["check", "wrong.py", "--chapter", "activations", "-k", "test_values"]
    assert main([*check, "--thorough", "--seed", "5"]) == 1
    assert "again: --thorough --seed 5" in capsys.readouterr().out
    assert main(check) == 1
    assert "again" not in capsys.readouterr().out
    assert main([*check, "--seed", "5"]) == 4
    assert "--seed 5: only a --thorough run uses a seed" in capsys.readouterr().err
