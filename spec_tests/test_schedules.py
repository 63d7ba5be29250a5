"""Chapter schedules: learning rates as functions of the epoch."""

import numpy as np

from chainrule import golden
from chainrule.boundary.errors import NotApplicable, Raised, Todo
from chainrule.mathematics.comparison import assert_close, assert_equal
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, no_errors
from chainrule.mathematics.schedules import ALL, CONSTANT, IN_TRAINING, STEPS, WAVES, Schedule
from chainrule.spec_tests.test_training import compare
from chainrule.specification.sampling import descend_once
from chainrule.specification.spec import spec

START = "schedules.start"


def asked(impl, case):
    """The schedule of the implementation for a case."""
    return getattr(impl, case.operation)(*case.arguments)


def offered(impl, cases):
    """The cases of the schedules that the code offers; where it offers none of them, what is missing is raised."""
    found, missing = [], None
    for case in cases:
        try:
            asked(impl, case)
        except Todo as error:
            missing = error
        else:
            found.append(case)
    if missing is not None and not found:
        raise missing
    return found


def assert_rates(impl, case):
    """The rates of a case are those of its formula."""
    rate, u = asked(impl, case), impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    for epoch in case.epochs:
        assert_close(rate(epoch), case.rate(epoch), bound=case.error(epoch, u), what=f"{case} in epoch {epoch}")


@spec("schedules.start")
def test_start(impl):
    """The first epoch, epoch 0, has the rate that was passed to the schedule."""
    for case in offered(impl, ALL):
        assert_equal(asked(impl, case)(0), case.arguments[0], what=f"{case} in epoch 0")


@spec("schedules.constant", after=START)
def test_constant(impl):
    """A constant schedule gives the same rate in every epoch."""
    for case in CONSTANT:
        assert_rates(impl, case)


@spec("schedules.plateaus", after=START)
def test_plateaus(impl):
    """Step decay keeps its rate from one multiple of `every` to the next."""
    for case in STEPS:
        rate, every = asked(impl, case), case.arguments[2]
        for epoch in case.epochs:
            assert_equal(rate(epoch), rate(epoch // every * every), what=f"{case} in epoch {epoch}")


@spec("schedules.step_decay", after=(START, "schedules.plateaus"))
def test_step_decay(impl):
    """Step decay multiplies the rate by `drop` after each `every` epochs."""
    for case in STEPS:
        assert_rates(impl, case)


@spec("schedules.symmetry", after=START)
def test_symmetry(impl):
    """The rates of a cosine schedule in epochs t and T - t add up to the first rate."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    for case in WAVES:
        rate, total = asked(impl, case), case.arguments[1]
        for epoch in case.epochs:
            bound = case.error(epoch, u) + case.error(total - epoch, u) + u * case.arguments[0]
            both = rate(epoch) + rate(total - epoch)
            assert_close(both, case.arguments[0], bound=bound, what=f"{case} in epoch {epoch} and {total - epoch}")


@spec("schedules.cosine", after=(START, "schedules.symmetry"))
def test_cosine(impl):
    """A cosine schedule falls along half a wave: to half the rate in the middle, zero at the end."""
    for case in WAVES:
        assert_rates(impl, case)


@spec("schedules.proportional", after=START)
def test_proportional(impl):
    """Twice the first rate gives twice the rate in every epoch."""
    for case in offered(impl, ALL):
        rate, double = asked(impl, case), asked(impl, case.times(2))
        for epoch in case.epochs:
            assert_equal(double(epoch), 2 * rate(epoch), what=f"{case.times(2)} in epoch {epoch}")


@spec("schedules.repeatable", after=START)
def test_repeatable(impl):
    """A schedule gives an epoch the same rate in any order of calls, whatever other schedules are called."""
    for case in offered(impl, ALL):
        rate = asked(impl, case)
        forward = [rate(epoch) for epoch in case.epochs]
        other = asked(impl, case.times(0.5))
        backward = [(rate(epoch), other(epoch))[0] for epoch in reversed(case.epochs)]
        assert_equal(backward[::-1], forward, what=f"{case}, asked from the last epoch to the first,")


@spec("schedules.golden", after=("schedules.constant", "schedules.step_decay", "schedules.cosine"))
def test_golden(impl):
    """The rates agree with golden values that were computed to 50 digits."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    rates = {}
    for operation, cases in golden.values("schedules").items():
        for known in cases:
            *arguments, epochs, expected = vars(known).values()
            rates[Schedule(operation, tuple(arguments), tuple(map(int, epochs)))] = expected
    for case in offered(impl, rates):
        rate = asked(impl, case)
        bound = [case.error(epoch, u) for epoch in case.epochs]
        assert_close(np.array([rate(epoch) for epoch in case.epochs]), rates[case], bound=bound, what=str(case))


@spec("schedules.training", after=("schedules.repeatable", "training.epochs", "training.continues"))
def test_training(impl, networks):
    """A training that takes a schedule for its rate uses, in each epoch, the rate of that epoch, counted from 0."""
    if not impl.has_network:
        raise impl.no_network("to train")
    case = networks.case(1, 7)
    for schedule in offered(impl, IN_TRAINING):
        rate, model, network = asked(impl, schedule), impl.network(case), case.network()
        try:
            impl.fit(model, case.x, case.y, epochs=len(schedule.epochs), batch_size=7, lr=rate, seed=0)
        except (Raised, Todo):
            raise NotApplicable("fit takes a number as its rate, and no function of the epoch") from None
        off = no_errors(network)
        for epoch in schedule.epochs:
            off = descend_once(impl, network, case.x, case.y, rate(epoch), off)
        compare(impl, model, network, off, f"after {len(schedule.epochs)} epochs of {schedule}")


TRIALS = {  # {operation: two results that differ if the operation uses its arguments}
    "constant": lambda impl: [impl.constant(lr)(3) for lr in (0.5, 0.25)],
    "step_decay": lambda impl: [impl.step_decay(lr, 0.5, 2)(3) for lr in (0.5, 0.25)],
    "cosine": lambda impl: [impl.cosine(lr, 8)(3) for lr in (0.5, 0.25)],
}
