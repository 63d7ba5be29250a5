"""The catalogue and the matching: every mistake is told from the right numbers and from every other mistake."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest

from chainrule.contract.chapters import CORE_CHAPTERS, EXTENSION_NAMES
from chainrule.contract.conventions import checked_value
from chainrule.diagnosis import earlier_batches, gradient_order, mistakes
from chainrule.diagnosis.actors import Question, agree, answer, answers_agree
from chainrule.diagnosis.concerns import concerns
from chainrule.diagnosis.examples import example
from chainrule.diagnosis.matching import Matcher
from chainrule.diagnosis.model import Model, Parts
from chainrule.diagnosis.priorities import NAMED_BY_CHANGE
from chainrule.diagnosis.questions import Setting, questions_about
from chainrule.diagnosis.where_wrong import BEYOND_USUAL, UNSEEN_IN_NUMBERS
from chainrule.mathematics.clauses import clauses
from chainrule.reference import MLP
from chainrule.running.loading import load

pytestmark = pytest.mark.once

U = 2.0**-53
CATALOGUE = mistakes()


def network(sizes=(3, 5, 4, 2), n=6, seed=3):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=fans) for fans in pairwise(sizes)]
    biases = [rng.normal(size=size) for size in sizes[1:]]
    return weights, biases, rng.normal(size=(n, sizes[0])), np.arange(n)[::-1] % sizes[-1]


COINCIDING = {  # pairs of mistakes of which a variant of each gives the same numbers
    ("softmax-unnormalized", "softmax-divided-by-maximum"),  # with the shift the largest exponential is 1
    ("softmax-no-shift", "loss-zero-times-infinity"),  # the nan of a saturated loss beside one-hot labels
    ("softmax-logits-clipped", "forward-clipped"),  # in a network: asked by itself, softmax clips or it does not
    ("fit-last-batch-dropped", "fit-first-batch-missing"),  # where all samples are equal
    ("fit-last-batch-dropped", "fit-holds-out"),  # the same: which samples are visited tells them apart
}


def questions(concern):
    """Questions about a concern, without an implementation."""
    found = []
    small = 2.0**-20  # pre-activations next to zero, for thresholds
    for sizes, n, seed, scale in (
        ((3, 5, 4, 2), 6, 3, 1.0),
        ((4, 3), 5, 4, 1.0),
        ((2, 6, 3), 1, 5, 1.0),
        ((4, 4, 4, 4), 4, 6, 1.0),
        ((3, 5, 4, 2), 6, 3, small),
    ):
        weights, biases, x, y = network(sizes, n, seed)
        weights, biases = [scale * weights[0], *weights[1:]], [scale * biases[0], *biases[1:]]
        kinds = [(kind, l) for kind in ("weights", "biases") for l in range(len(weights))]

        def ask(actor, weights=weights, biases=biases, x=x, y=y):
            model = actor.network(weights, biases)
            if concern == "backward":
                grads = actor.backward(model, x, y)
                return [*grads[0], *grads[1]]
            return [getattr(actor, concern)(model, x, *([y] if concern == "loss" else []))]

        found.append(Question(str(sizes), ask, [concern], kinds if concern == "backward" else ()))
    return found


def observed(concern, *changes):
    """What whoever made these changes would answer."""
    actor = Parts(*changes)
    return [(question, answer(question, actor)) for question in questions(concern)]


def reference_network(weights, biases):
    net = MLP([len(weights[0]), *(len(b) for b in biases)])
    net.weights, net.biases = [w.copy() for w in weights], [b.copy() for b in biases]
    return net


def test_the_catalogue_is_broad():
    by_chapter = {}
    for mistake in CATALOGUE.values():
        by_chapter.setdefault(mistake.chapter, []).append(mistake.id)
    covered = set(CORE_CHAPTERS) - {"golden", "accuracy"}  # of values and of the data: their mistakes are the others'
    assert covered | set(EXTENSION_NAMES) == set(by_chapter)
    assert all(len(by_chapter[chapter]) >= 20 for chapter in covered)
    assert all(len(by_chapter[chapter]) >= 10 for chapter in EXTENSION_NAMES)


def test_a_convention_to_declare_is_told_as_an_option():
    for mistake in mistakes().values():
        for said in (mistake.explanation, mistake.mend):
            assert not re.search(r"declare \w+ ?= ?\w+", said), mistake.id
            for pair in re.findall(r"--convention (\w+=\w+)", said):
                checked_value(*pair.split("="))


@pytest.mark.parametrize("mistake", CATALOGUE.values(), ids=lambda mistake: mistake.id)
def test_a_mistake_says_all_that_a_learner_needs(mistake):
    assert mistake.id == mistake.id.lower()
    assert "-" in mistake.id
    assert "." not in mistake.id  # ids with a dot are clauses
    assert all((mistake.title, mistake.explanation, mistake.mend, mistake.fingerprint))
    assert not mistake.title.endswith(".")
    assert mistake.explanation.endswith((".", ".)"))
    assert {mistake.clause, *mistake.broken, *mistake.suspected} <= set(clauses())
    assert mistake.special is None or mistake.special in CATALOGUE
    recognised = mistake.variants or mistake.array or mistake.scheme or mistake.broken or mistake.suspected
    of_weights = ("init-positive", "init-bias-constant", "init-bias-random", "init-bias-shape", "init-rounded")
    by_a_look = (*of_weights, "fit-not-shuffled", "fit-whole-set", "init-biases-in-one-array")
    of_memory = ("forward-dropout", "forward-stale", "forward-remembered", "parameters-copied", "results-shared")
    by_place = ("init-large-layers", "sizes-consumed", *UNSEEN_IN_NUMBERS, *BEYOND_USUAL)
    assert recognised or mistake.id in (*by_a_look, *of_memory, *by_place, *NAMED_BY_CHANGE.values())


@pytest.mark.parametrize("mistake", CATALOGUE.values(), ids=lambda mistake: mistake.id)
def test_a_mistake_has_an_example_before_and_after(mistake):
    shown = example(mistake)
    assert shown is not None or mistake.lines is not None
    for _, right, wrong in shown.rows if shown else ():
        assert right is None or wrong is None or not np.array_equal(right, wrong, equal_nan=True)
    if mistake.lines is not None:
        assert mistake.lines[0] != mistake.lines[1]


def test_every_change_is_of_a_part_that_some_subject_is_made_of():
    known = frozenset().union(*(concern.parts for concern in concerns().values()))
    for mistake in CATALOGUE.values():
        for detail, changes in mistake.variants.items():
            assert changes.keys() <= known, (mistake.id, detail)
            assert all(hasattr(Parts, name) for name in changes)


def test_the_parts_are_the_reference():
    for seed in range(3):
        weights, biases, x, y = network(seed=seed)
        net, parts, model = reference_network(weights, biases), Parts(), Model.of(weights, biases)
        np.testing.assert_allclose(parts.forward(model, x), net.forward(x), rtol=1e-14)
        assert parts.loss(model, x, y) == pytest.approx(net.loss(x, y), rel=1e-13)
        assert (parts.predict(model, x) == net.predict(x)).all()
        for ours, theirs in zip(parts.backward(model, x, y), net.backward(x, y), strict=True):
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        parts.fit(model, x, y, epochs=3, batch_size=len(x), lr=0.25)
        net.fit(x, y, epochs=3, batch_size=len(x), lr=0.25)
        for a, b in zip(model.weights + model.biases, net.weights + net.biases, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)


def test_right_numbers_match_nothing():
    for concern in ("forward", "loss", "backward"):
        assert Matcher(concern, observed(concern), U).matches() == []


def telling():
    """Mistakes that show in ordinary numbers, in two of their variants: others show at extremes, or in memory."""
    for concern in ("forward", "loss", "backward"):
        for mistake in CATALOGUE.values():
            for detail, changes in list(mistake.variants.items())[:2]:
                if (
                    changes.keys() <= concerns()[concern].parts
                    and Matcher(concern, observed(concern, changes), U).wrong
                ):
                    name = f"{concern}-{mistake.id}-{detail}".replace(" ", "_")
                    yield pytest.param(concern, mistake, changes, id=name)


CHANGED = list(telling())


def test_most_mistakes_show_in_ordinary_numbers():
    assert len({parameters.values[1].id for parameters in CHANGED}) >= 100


@pytest.mark.parametrize(("concern", "mistake", "changes"), CHANGED)
def test_a_mistake_is_recognised_by_its_numbers(concern, mistake, changes):
    """Its own name is among those that explain everything; what explains as much beside it gives the same numbers."""
    matcher = Matcher(concern, observed(concern, changes), U)
    found = matcher.matches()
    assert found, "nothing explains it"
    assert found[0].complete
    names = {name for match in found if len(match.ids) == 1 for name in match.ids}
    assert mistake.id in names or mistake.special in names


def test_a_scaled_gradient_is_named_with_its_arrays():
    question = questions("backward")[0]
    right = answer(question, Parts())
    arrays = list(right.arrays)
    arrays[1] = arrays[1] * 6  # dloss/dW[1] of a batch of 6
    found = Matcher("backward", [(question, type(right)(tuple(arrays)))], U).matches()
    assert (found[0].ids, found[0].details) == (("array-not-averaged",), ("dloss/dW[1]",))


def test_two_mistakes_are_found_as_two():
    error = CATALOGUE["gradient-one-hot-shifted"].variants["y - 1"]
    mask = CATALOGUE["mask-missing"].variants[""]
    found = Matcher("backward", observed("backward", error, mask), U).matches()
    assert set(found[0].ids) == {"gradient-one-hot-shifted", "mask-missing"}
    assert found[0].complete


def test_a_mistake_on_the_way_and_one_in_an_array_are_found_as_two():
    mask = CATALOGUE["mask-missing"].variants[""]
    answers = []
    for question, given in observed("backward", mask):
        biases = [kind == "biases" for kind, _ in question.kinds]
        n = int(question.about == str((3, 5, 4, 2))) * 6 or (5 if question.about == str((4, 3)) else 1)
        arrays = tuple(a / n if bias else a for a, bias in zip(given.arrays, biases, strict=True))
        answers.append((question, type(given)(arrays)))
    found = Matcher("backward", answers, U).matches()
    assert set(found[0].ids) == {"mask-missing", "array-averaged-twice"}


def test_numbers_that_nothing_explains_match_nothing():
    rng = np.random.default_rng(0)
    answers = [
        (question, type(given)(tuple(array + rng.normal(size=array.shape) for array in given.arrays)))
        for question, given in observed("backward")
    ]
    assert Matcher("backward", answers, U).matches() == []


def test_a_match_must_explain_to_rounding():
    changes = CATALOGUE["mask-missing"].variants[""]
    answers = observed("backward", changes)
    question, given = answers[0]
    off = type(given)(tuple(array * (1 + 1e-9) for array in given.arrays))
    assert [m.ids for m in Matcher("backward", answers, U).matches()][:1] == [("mask-missing",)]
    assert all(not match.complete for match in Matcher("backward", [(question, off), *answers[1:]], U).matches())


def test_what_raises_speaks_for_nothing():
    question, given = observed("forward")[0]
    assert Matcher("forward", [(question, type(given)(raised=True))], U).matches() == []


def test_rounding_is_of_the_largest_entry_or_of_every_one():
    question = Question("", lambda actor: [])
    every = Question("", lambda actor: [], relative=True)
    a, b = np.array([1.0, 1e-20]), np.array([1.0, 2e-20])
    assert agree(a, b, U, question)
    assert not agree(a, b, U, every)
    assert not agree(a, a[:1], U, question)
    assert agree(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), U, question)
    assert not agree(np.array([1.0]), np.array([np.inf]), U, question)


def answers_of_variants(concern, asked):
    """[((mistake, variant), level, answers)] of each that changes the concern's answers, special cases left out."""
    right = [answer(question, Parts()) for question in asked]
    found = []
    for mistake in CATALOGUE.values():
        for detail, changes in mistake.variants.items():
            if changes.keys() <= concern.parts and mistake.special is None:
                given = [answer(question, Parts(changes)) for question in asked]
                if not all(answers_agree(a, b, U, q) for a, b, q in zip(given, right, asked, strict=True)):
                    found.append(((mistake.id, detail), concern.level(mistake), given))
    return found


def test_mistakes_that_give_the_same_numbers_say_so():
    """Two names for one thing would make each other uncertain for ever: only special cases may coincide.

    Mistakes on different levels may: the likelier level is named.  What coincides in a network is told apart by the
    questions about a function alone: only there are logits large enough for softmax, and numbers for ReLU.
    """
    same, apart = set(), set()
    for concern in concerns().values():
        of_network = concern.name in ("forward", "loss", "backward")
        asked = questions(concern.name) if of_network else questions_about(concern.name, Setting())
        for one, other in combinations(answers_of_variants(concern, asked), 2):
            (first, level, given), (second, other_level, found) = one, other
            if first[0] != second[0] and level == other_level:
                agreeing = all(answers_agree(a, b, U, q) for a, b, q in zip(given, found, asked, strict=True))
                (same if agreeing else apart).add((first, second))
    assert {(one[0], other[0]) for one, other in same - apart} <= COINCIDING


@pytest.mark.parametrize(
    "ask",
    [
        earlier_batches.unsteady,
        earlier_batches.stale,
        lambda impl: earlier_batches.remembers(impl, "forward"),
        lambda impl: earlier_batches.of_first_weights(impl, "forward"),
        gradient_order.come_reversed,
    ],
)
def test_without_a_network_nothing_is_shown_of_networks(tmp_path, ask):
    path = tmp_path / "mine.py"
    path.write_text("def relu(z):\n    return z * (z > 0)\n", encoding="utf-8")
    assert not ask(load(str(path)).impl)
