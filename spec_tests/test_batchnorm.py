"""Chapter batchnorm: normalization over a batch, its gradients, running statistics and evaluation."""

from dataclasses import dataclass, replace

import numpy as np

from chainrule import golden
from chainrule.boundary.errors import Absent, NotApplicable, Raised, unless_refused
from chainrule.mathematics.batchnorm import (
    FORMS,
    KEPT,
    LARGE,
    MEASURED,
    SMALL,
    TINY,
    Averages,
    Case,
    analyse,
    curvature,
    drawn,
    evaluated,
    largest_step,
    own_epsilon,
    usual,
)
from chainrule.mathematics.cases import grid
from chainrule.mathematics.comparison import assert_close, assert_equal, assert_shape, assert_that
from chainrule.mathematics.differences import central_difference, difference_step
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, gamma
from chainrule.specification.asked_anew import Anew, single
from chainrule.specification.spec import spec
from chainrule.support.arrays import joined

OWN = UNIT_ROUNDOFF["float64"]  # of what the specs compute themselves
GRADIENTS = ("dx", "dgamma", "dbeta")
NO_EPSILON = 2.0**-100  # beside any variance it is nothing
DIFFERENCED = 3  # cases: each needs four outputs for every entry
AT_RANDOM = 200  # random cases with `--thorough`
STATISTICS = ("mean", "variance")


@dataclass(frozen=True)
class Setting:
    """How to ask the code: its own eps, if it takes none, and the unit roundoff of its arithmetic."""

    own_epsilon: float | None
    u: float

    def of(self, case):
        """The case as the code computes it."""
        if self.own_epsilon is None:
            return case
        return replace(case, eps=self.own_epsilon, eps_error=MEASURED * self.u * self.own_epsilon)

    def epsilon(self, case):
        """The arguments behind the arrays."""
        return (case.eps,) if self.own_epsilon is None else ()

    def forward(self, impl, case):
        """(out, cache)"""
        return impl.batchnorm_forward(*case.inputs, *self.epsilon(case))

    def gradients(self, impl, case):
        """(dx, dgamma, dbeta) by a forward pass and its backward pass."""
        _, cache = self.forward(impl, case)
        return impl.batchnorm_backward(case.dout, cache)

    def evaluate(self, impl, case, mean, variance):
        """The output with given statistics."""
        return impl.batchnorm_evaluate(*case.inputs, mean, variance, *self.epsilon(case))

    def analyse(self, case):
        """The exact values with their bounds."""
        return analyse(case, self.u)


def setting_of(impl, networks):
    """How to ask the code, found once in a run."""
    return networks.once("how batchnorm is asked", lambda: found_setting(impl))


def found_setting(impl):
    case, own = drawn(5, 3, SMALL), None
    try:
        impl.batchnorm_forward(*case.inputs, case.eps)
    except NotApplicable:
        own = own_epsilon(measured(impl, TINY), TINY)
    for key, value, how in impl.host.traits().extensions:
        if key.startswith("batchnorm"):
            impl.learn(key, value, how)
    setting = Setting(own, impl.unit_roundoff)
    return setting if resolves(impl, setting, case) else replace(setting, u=UNIT_ROUNDOFF["float32"])


def measured(impl, size):
    """The output for deviations of a size, on either side of zero."""
    ones = np.ones(3)
    out, _ = impl.batchnorm_forward(size * np.array([ones, -ones]), ones, 0 * ones)
    return out


def resolves(impl, setting, case):
    """Whether a change of 2^-40 in beta changes the output, and one in dout the gradients, as in float64."""
    off = 2.0**-40
    moved = replace(case, beta=case.beta + off, dout=case.dout + off)
    (one, cache), (other, _) = setting.forward(impl, case), setting.forward(impl, moved)
    finer = not np.array_equal(one, other)
    try:
        return finer and not np.array_equal(*(impl.batchnorm_backward(d, cache)[2] for d in (case.dout, moved.dout)))
    except Raised:  # the clauses of the gradients show it
        return finer


def cases(impl, networks, eps=SMALL, seed=0):
    """(how to ask, a case of each size as the code computes it); with `--thorough`, many random ones as well."""
    setting = setting_of(impl, networks)
    yield from ((setting, setting.of(case)) for case in usual(eps, seed))
    for trial in networks.trials([], AT_RANDOM):
        yield setting, setting.of(drawn(2 + trial % 7, 1 + trial % 5, eps, trial))


def same_output(found, expected, exact, what):
    """Compare two results of the same calculation, each of which may have its own rounding errors."""
    assert_close(found, expected, bound=2 * exact.out[1], what=what)


def same_gradients(found, expected, exact, what):
    """Compare two results of the same backward pass, each of which may have its own rounding errors."""
    for name, a, b, (_, error) in zip(GRADIENTS, found, expected, exact.gradients, strict=True):
        assert_close(a, b, bound=2 * error, what=f"{name} {what}")


def right_gradients(found, exact, what):
    """The gradients are the exact ones, to rounding."""
    for name, gradient, (value, error) in zip(GRADIENTS, found, exact.gradients, strict=True):
        assert_close(gradient, value, bound=error, what=f"{name} ({what})")


@spec("batchnorm.shape")
def test_shape(impl, networks):
    """The output has the shape (N, D) of the input, for any number of samples and features, one included."""
    setting = setting_of(impl, networks)
    for samples, features in ((5, 3), (1, 3), (4, 1), (1, 1), (2, 6)):
        case = drawn(samples, features, SMALL)
        out, _ = setting.forward(impl, case)
        assert_shape(out, (samples, features), what=f"out ({case})")


@spec("batchnorm.arguments_kept", after="batchnorm.shape")
def test_arguments_kept(impl, networks):
    """A forward pass does not change x, gamma and beta; a backward pass does not change dout and the cache."""
    setting = setting_of(impl, networks)
    setting.gradients(impl, drawn(5, 3, SMALL, seed=2))
    for call in list(impl.calls)[-2:]:
        assert_that(not call.modified, f"{call.name} writes into its argument {' and '.join(call.modified)}")


@spec("batchnorm.results_kept", after="batchnorm.shape")
def test_results_kept(impl, networks):
    """Results of the forward and the backward pass stay unchanged when these are called again."""
    setting = setting_of(impl, networks)
    case, other = drawn(5, 3, SMALL, seed=2), drawn(5, 3, SMALL, seed=3)
    out, cache = setting.forward(impl, case)
    forward = impl.calls[-1]
    gradients = impl.batchnorm_backward(case.dout, cache)
    backward = impl.calls[-1]
    setting.gradients(impl, other)
    assert_equal(forward.reread()[0], out, what="out of an earlier call, after a later one")
    for name, earlier, now in zip(GRADIENTS, gradients, backward.reread(), strict=True):
        assert_equal(now, earlier, what=f"{name} of an earlier call, after a later one")


@spec("batchnorm.mean", after="batchnorm.shape")
def test_mean(impl, networks):
    """The mean of each feature's output over the batch is beta."""
    for setting, case in cases(impl, networks):
        (out, _), error = setting.forward(impl, case), setting.analyse(case).out[1]
        bound = error.mean(axis=0) + gamma(len(out) + 2, OWN) * np.abs(out).mean(axis=0)
        assert_close(out.astype(float).mean(axis=0), case.beta, bound=bound, what=f"the mean of out ({case})")


@spec("batchnorm.epsilon", after=("batchnorm.shape", "batchnorm.mean"))
def test_epsilon(impl, networks):
    """The eps is added to the variance, inside the root, and not to the root."""
    setting = setting_of(impl, networks)
    if setting.own_epsilon is not None:
        impl.measured = f"eps {setting.own_epsilon:.3g}, the code's own"
        for size in (2.0**-20, 2.0**-12):
            bound = MEASURED * setting.u * (setting.own_epsilon + size**2)
            found = own_epsilon(measured(impl, size), size)
            assert_close(found, setting.own_epsilon, bound=bound, what=f"the eps that deviations of {size:.1g} show")
        return
    without, error = squared_divisor(impl, setting, NO_EPSILON)
    for eps in (LARGE, 4.0):
        squared, off = squared_divisor(impl, setting, eps)
        what = f"what eps {eps:g} adds to the square of the divisor"
        assert_close(squared - without, np.full(squared.shape, eps), bound=error + off, what=what)


def squared_divisor(impl, setting, eps):
    """The square of what each feature's largest deviation was divided by, with its error."""
    case = drawn(5, 3, eps)
    deviation = case.x - case.x.mean(axis=0)
    place = np.abs(deviation).argmax(axis=0), np.arange(len(case.gamma))
    exact, (out, _) = setting.analyse(case), setting.forward(impl, case)
    scaled = out[place].astype(float) - case.beta
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = (case.gamma * deviation[place] / scaled) ** 2
        relative = exact.out[1][place] / np.abs(scaled) + 8 * OWN
        return squared, 4 * squared * relative


@spec("batchnorm.variance", after=("batchnorm.shape", "batchnorm.mean", "batchnorm.epsilon"))
def test_variance(impl, networks):
    """The variance of each feature's output over the batch is gamma^2 times variance / (variance + eps)."""
    for setting, case in cases(impl, networks, eps=NO_EPSILON):
        out = setting.forward(impl, case)[0].astype(float)
        exact = setting.analyse(case)
        size, error = np.abs(case.gamma * exact.normalized[0]), 2 * exact.out[1] + 4 * OWN * np.abs(out)
        bound = (2 * size * error + error**2).mean(axis=0) + gamma(len(out) + 4, OWN) * (size**2).mean(axis=0)
        variance, off = exact.variance
        expected = case.gamma**2 * variance / (variance + case.eps)
        bound += case.gamma**2 * (2 * off + case.eps_error) / (variance + case.eps)
        assert_close(out.var(axis=0), expected, bound=bound, what=f"the variance of out ({case})")


VALUES = "batchnorm.values"


@spec(VALUES, after=("batchnorm.shape", "batchnorm.mean", "batchnorm.variance", "batchnorm.epsilon"))
def test_values(impl, networks):
    """The output is gamma (x - mean) / sqrt(variance + eps) + beta, feature by feature."""
    for setting, case in cases(impl, networks):
        for scale in (1.0, 1.1):  # on the grid, where little is rounded, and off the grid
            x, scaling, beta = (scale * array for array in case.inputs)
            moved = replace(case, x=x, gamma=scaling, beta=beta)
            out, error = setting.analyse(moved).out
            assert_close(setting.forward(impl, moved)[0], out, bound=error, what=f"out ({case})")


@spec("batchnorm.affine_invariance", after=VALUES)
def test_affine_invariance(impl, networks):
    """For a x + c and a^2 eps the normalized features are those for x and eps, with the sign of a."""
    for setting, case in cases(impl, networks, eps=LARGE):
        out, _ = setting.forward(impl, case)
        error = setting.analyse(case).out[1]
        for a, c in ((4.0, 3.0), (-0.5, -1.0), (-1.0, 2.0), (1.0, -4.0)):
            if setting.own_epsilon is not None and abs(a) != 1:
                continue
            moved = replace(case, x=a * case.x + c, gamma=np.sign(a) * case.gamma, eps=a * a * case.eps)
            bound = error + setting.analyse(moved).out[1]
            assert_close(setting.forward(impl, moved)[0], out, bound=bound, what=f"out for {a:g} x + {c:g} ({case})")


@spec("batchnorm.features", after=VALUES)
def test_features(impl, networks):
    """Each feature is normalized by itself: alone it gives the same output and gradients."""
    for setting, case in cases(impl, networks):
        exact, (out, _) = setting.analyse(case), setting.forward(impl, case)
        found = setting.gradients(impl, case)
        for j in range(len(case.gamma)):
            alone = replace(case, x=case.x[:, [j]], gamma=case.gamma[[j]], beta=case.beta[[j]], dout=case.dout[:, [j]])
            what = f"of feature {j} alone ({case})"
            assert_close(
                setting.forward(impl, alone)[0], out[:, [j]], bound=2 * exact.out[1][:, [j]], what=f"out {what}"
            )
            for name, a, b, (_, error) in zip(
                GRADIENTS, setting.gradients(impl, alone), found, exact.gradients, strict=True
            ):
                assert_close(a, b[..., [j]], bound=2 * error[..., [j]], what=f"{name} {what}")


@spec("batchnorm.permutation", after=VALUES)
def test_permutation(impl, networks):
    """The order of the samples does not matter: their outputs come in the same other order."""
    for setting, case in cases(impl, networks):
        exact, (out, _) = setting.analyse(case), setting.forward(impl, case)
        order = np.roll(np.arange(len(out))[::-1], 1)
        turned = replace(case, x=case.x[order], dout=case.dout[order])
        bound = 2 * exact.out[1][order]
        assert_close(setting.forward(impl, turned)[0], out[order], bound=bound, what=f"out in another order ({case})")


@spec("batchnorm.constant", after=VALUES)
def test_constant(impl, networks):
    """A feature that is the same for all samples, or a single sample, gives beta and gradients without nan."""
    setting = setting_of(impl, networks)
    for samples in (1, 2, 5):
        case = setting.of(drawn(samples, 3, SMALL, seed=4))
        case = replace(case, x=np.tile([[0.5, -0.75, 0.3]], (samples, 1)))
        exact = setting.analyse(case)
        expected = np.tile(case.beta, (samples, 1))
        what = f"{samples} equal samples" if samples > 1 else "a single sample"
        assert_close(setting.forward(impl, case)[0], expected, bound=exact.out[1], what=f"out of {what}")
        right_gradients(setting.gradients(impl, case), exact, what)


@spec("batchnorm.integers", after=VALUES)
def test_integers(impl, networks):
    """Whole numbers stored as integers are normalized as the same numbers are."""
    setting = setting_of(impl, networks)
    x = np.random.default_rng(7).permutation(np.arange(-120, 135, 17))[:15].reshape(5, 3)
    case = setting.of(replace(drawn(5, 3, SMALL), x=x.astype(float)))
    out, error = setting.analyse(case).out
    with unless_refused("integers"):
        found, _ = setting.forward(impl, replace(case, x=x))
    assert_close(found, out, bound=error, what="out for integers")


@spec("batchnorm.memoryless", after=VALUES)
def test_memoryless(impl, networks):
    """A training pass depends on its own batch alone, and not on batches before it."""
    setting = setting_of(impl, networks)
    case = setting.of(drawn(5, 3, SMALL, seed=2))
    out, _ = setting.forward(impl, case)
    setting.forward(impl, setting.of(drawn(5, 3, SMALL, seed=3)))
    same_output(setting.forward(impl, case)[0], out, setting.analyse(case), "out after a pass with another batch")


@spec("batchnorm.gradient_shapes", after="batchnorm.shape")
def test_gradient_shapes(impl, networks):
    """dx has the shape of x, and dgamma and dbeta have those of gamma and beta."""
    for setting, case in cases(impl, networks):
        found = setting.gradients(impl, case)
        for name, gradient, array in zip(GRADIENTS, found, (case.x, case.gamma, case.beta), strict=True):
            assert_shape(gradient, array.shape, what=f"{name} ({case})")


SHAPES = "batchnorm.gradient_shapes"


@spec("batchnorm.repeatable", after=SHAPES)
def test_repeatable(impl, networks):
    """Two backward passes with the same cache give the same gradients."""
    for setting, case in cases(impl, networks):
        _, cache = setting.forward(impl, case)
        first, second = impl.batchnorm_backward(case.dout, cache), impl.batchnorm_backward(case.dout, cache)
        same_gradients(second, first, setting.analyse(case), f"from the same cache again ({case})")


@spec("batchnorm.caches", after="batchnorm.repeatable")
def test_caches(impl, networks):
    """Each forward pass has its own cache: a later one does not change the gradients from an earlier cache."""
    setting = setting_of(impl, networks)
    case = setting.of(drawn(5, 3, SMALL, seed=2))
    expected = setting.gradients(impl, case)
    for other in (drawn(5, 3, SMALL, seed=3), drawn(4, 2, SMALL)):
        (_, cache), (_, later) = setting.forward(impl, case), setting.forward(impl, other)
        impl.batchnorm_backward(other.dout, later)
        found = impl.batchnorm_backward(case.dout, cache)
        same_gradients(found, expected, setting.analyse(case), "from a cache made before another forward pass")


READY = (VALUES, "batchnorm.repeatable")


def check_slopes(impl, networks, which):
    """Compare dgamma (1) or dbeta (2) with differences of sum(dout out), which are exact for any step."""
    for setting, case in cases(impl, networks):
        slopes = np.zeros(len(case.gamma))
        bounds = setting.analyse(case).gradients[which][1].copy()
        for j in range(len(slopes)):
            outs = []
            for step in (1.0, -1.0):
                moved = case.moved(which, (j,), step)
                outs.append(setting.forward(impl, moved)[0].astype(float))
                bounds[j] += (np.abs(case.dout) * setting.analyse(moved).out[1]).sum() / 2
            products = case.dout * (outs[0] - outs[1])
            slopes[j] = products.sum() / 2
            bounds[j] += gamma(products.size + 2, OWN) * np.abs(products).sum() / 2
        found = setting.gradients(impl, case)[which]
        assert_close(found, slopes, bound=bounds, what=f"{GRADIENTS[which]} ({case})")


@spec("batchnorm.shift_gradient", after=READY)
def test_shift_gradient(impl, networks):
    """dbeta, the sum of dout over the samples, is the slope of sum(dout out) along beta."""
    check_slopes(impl, networks, 2)


@spec("batchnorm.scale_gradient", after=READY)
def test_scale_gradient(impl, networks):
    """dgamma, the sum of dout times the normalized input, is the slope of sum(dout out) along gamma."""
    check_slopes(impl, networks, 1)


@spec("batchnorm.sum_of_gradients", after=READY)
def test_sum_of_gradients(impl, networks):
    """The gradients dx of each feature sum to zero over the batch."""
    for setting, case in cases(impl, networks):
        dx, _, _ = setting.gradients(impl, case)
        error = setting.analyse(case).dx[1]
        bound = error.sum(axis=0) + gamma(len(dx), OWN) * np.abs(dx).sum(axis=0)
        zeros = np.zeros(len(case.gamma))
        assert_close(dx.astype(float).sum(axis=0), zeros, bound=bound, what=f"the sum of dx over the samples ({case})")


@spec("batchnorm.orthogonal", after=READY)
def test_orthogonal(impl, networks):
    """dx is orthogonal to the normalized input of each feature, but for what eps leaves."""
    for eps in (SMALL, LARGE):
        for setting, case in cases(impl, networks, eps=eps):
            dx, _, _ = setting.gradients(impl, case)
            exact = setting.analyse(case)
            (h, h_error), (r, r_error) = exact.normalized, exact.root
            dgamma, error = exact.dgamma
            expected = case.gamma * dgamma * case.eps / r**3
            bound = (exact.dx[1] * np.abs(h) + np.abs(exact.dx[0]) * h_error).sum(axis=0)
            bound += np.abs(case.gamma) * case.eps / r**3 * (error + 4 * np.abs(dgamma) * r_error / r)
            bound += np.abs(case.gamma * dgamma) * case.eps_error / r**3
            bound += gamma(len(dx) + 8, OWN) * (np.abs(dx * h).sum(axis=0) + np.abs(expected))
            what = f"the sum of dx times the normalized x ({case})"
            assert_close((dx * h).sum(axis=0), expected, bound=bound, what=what)


SLOPES = ("batchnorm.shift_gradient", "batchnorm.scale_gradient", "batchnorm.input_gradient")


@spec("batchnorm.input_gradient", after=(*READY, "batchnorm.sum_of_gradients", "batchnorm.orthogonal"))
def test_input_gradient(impl, networks):
    """dx is the slope of sum(dout out) along each entry of x, for the implementation's own out."""
    setting = setting_of(impl, networks)
    for case in list(usual(LARGE))[:DIFFERENCED]:
        case = setting.of(case)
        exact, dx = setting.analyse(case), setting.gradients(impl, case)[0]
        out, error = exact.out
        rounding = 2 * ((np.abs(case.dout) * error).sum() + gamma(out.size, OWN) * np.abs(case.dout * out).sum())
        bend = curvature(case, exact.variance[0])
        h = difference_step(rounding, bend, largest_step(exact.variance[0], case.eps, len(case.x)))
        slopes, bounds = np.zeros(dx.shape), exact.dx[1].copy()
        for index in np.ndindex(*dx.shape):

            def along(t, case=case, index=index):
                return float((case.dout * setting.forward(impl, case.moved(0, index, t))[0]).sum())

            found = central_difference(along, h, rounding=rounding, curvature=bend)
            slopes[index] = found.value
            bounds[index] += found.bound
        assert_close(dx, slopes, bound=bounds, what=f"dx ({case})")


@spec("batchnorm.linearity", after=SLOPES)
def test_linearity(impl, networks):
    """The gradients are linear in dout: for 2 dout - other, they are twice those for dout minus those for other."""
    for setting, case in cases(impl, networks):
        other = drawn(*case.x.shape, case.eps, seed=1).dout
        douts = (case.dout, other, 2 * case.dout - other)
        _, cache = setting.forward(impl, case)
        one, two, both = (impl.batchnorm_backward(dout, cache) for dout in douts)
        exact = [setting.analyse(replace(case, dout=dout)).gradients for dout in douts]
        for i, name in enumerate(GRADIENTS):
            own = gamma(1000, setting.u) * max(np.abs(gradients[i]).max() for gradients in (one, two, both))
            bound = 2 * exact[0][i][1] + exact[1][i][1] + exact[2][i][1] + own
            assert_close(both[i], 2 * one[i] - two[i], bound=bound, what=f"{name} of 2 dout - other ({case})")


@spec("batchnorm.alternative", after=(VALUES, SHAPES))
def test_alternative(impl, networks):
    """A second backward pass in another form gives the same gradients as the definition."""
    for eps in (SMALL, LARGE):
        for setting, case in cases(impl, networks, eps=eps):
            _, cache = setting.forward(impl, case)
            found = offered(
                lambda c=case, k=cache: impl.batchnorm_backward_alt(c.dout, k), "has one backward pass alone"
            )
            right_gradients(found, setting.analyse(case), str(case))


@spec("batchnorm.single_precision", after=(VALUES, *SLOPES))
def test_single_precision(impl, networks):
    """Inputs of float32 give outputs and gradients to float32's rounding."""
    for setting, case in cases(impl, networks):
        narrow = replace(
            case, **{name: getattr(case, name).astype(np.float32) for name in ("x", "gamma", "beta", "dout")}
        )
        exact = analyse(case, UNIT_ROUNDOFF["float32"])
        assert_close(setting.forward(impl, narrow)[0], exact.out[0], bound=exact.out[1], what=f"float32 out ({case})")
        right_gradients(setting.gradients(impl, narrow), exact, f"float32, {case}")


@spec("batchnorm.golden", after=(VALUES, *SLOPES))
def test_golden(impl, networks):
    """Outputs and gradients agree with 50-digit arithmetic."""
    setting = setting_of(impl, networks)
    if setting.own_epsilon is not None:
        raise NotApplicable("the golden values are for another eps than the code's own")
    for known in golden.values("batchnorm")["training"]:
        case = Case(known.x, known.gamma, known.beta, known.dout, float(known.eps))
        exact = setting.analyse(case)
        assert_close(setting.forward(impl, case)[0], known.out, bound=exact.out[1], what=f"out ({case})")
        found, expected = setting.gradients(impl, case), (known.dx, known.dgamma, known.dbeta)
        for name, gradient, e, (_, error) in zip(GRADIENTS, found, expected, exact.gradients, strict=True):
            assert_close(gradient, e, bound=error, what=f"{name} ({case})")


# Running statistics and evaluation


def offered(ask, lacks):
    """The code's answer.  Raises NotApplicable if it does not offer the operation, which the contract leaves to it."""
    try:
        return ask()
    except Absent:
        raise NotApplicable(f"the code {lacks}") from None


def old_statistics(features, seed=0):
    """Running statistics on the grid that are those of no batch."""
    rng = np.random.default_rng([seed, features, 11])
    return grid(rng.uniform(-2, 2, size=features)), grid(rng.uniform(3, 5, size=features))


def averages_of(impl, networks):
    """(how the code averages its statistics, the momentum to pass, if it takes one), found once in a run."""
    return networks.once("how batchnorm averages", lambda: found_averages(impl, setting_of(impl, networks).u))


def found_averages(impl, u):
    case, old = drawn(5, 3, SMALL), old_statistics(3)
    passed, momentum, error = (KEPT,), KEPT, 0.0
    try:
        found = impl.batchnorm_running(case.x, *old, KEPT)
    except Absent:
        raise NotApplicable("the code keeps no running statistics") from None
    except NotApplicable:
        passed, found = (), impl.batchnorm_running(case.x, *old)
        batch = case.x.mean(axis=0)
        momentum, error = float(np.median((found[0] - batch) / (old[0] - batch))), MEASURED * u
    forms = [form for form in FORMS if passed or form[0] == "old"]
    momentum = momentum if error < momentum < 1 else KEPT  # an average keeps a part of the old ones
    each = [Averages(form, momentum, error) for form in forms]
    averages = next((one for one in each if follows(one, found, case.x, old, u)), each[0])
    if averages.form[0] == "new":
        impl.learn("batchnorm_momentum", "of the batch", "a training pass: (1 - momentum) old + momentum batch")
    if averages.form[1] == "unbiased":
        impl.learn("batchnorm_running_variance", "unbiased", "a training pass: the running variance is over N - 1")
    return averages, passed


def follows(averages, found, x, old, u):
    """Whether running statistics are those of a form."""
    exact = averages.after(x, old, u)
    return all((np.abs(a - value) <= off).all() for a, (value, off) in zip(found, exact, strict=True))


@spec("batchnorm.running", after="batchnorm.shape")
def test_running(impl, networks):
    """The running statistics after a training pass average the old ones and those of the batch, by one momentum."""
    averages, passed = averages_of(impl, networks)
    u = setting_of(impl, networks).u
    for seed, (samples, features) in enumerate(((5, 3), (4, 2), (2, 6))):
        old, x = old_statistics(features, seed), drawn(samples, features, SMALL, seed).x
        found = impl.batchnorm_running(x, *old, *passed)
        for name, now, (value, error) in zip(STATISTICS, found, averages.after(x, old, u), strict=True):
            assert_close(now, value, bound=error, what=f"the running {name} after a batch of {samples}")
    if averages.form != next(iter(FORMS)):
        impl.measured = FORMS[averages.form]


@spec("batchnorm.running_limit", after=("batchnorm.shape", "batchnorm.running"))
def test_running_limit(impl, networks):
    """After one batch again and again the running statistics are those of the batch."""
    (averages, passed), u = averages_of(impl, networks), setting_of(impl, networks).u
    x, now = drawn(5, 3, SMALL).x, old_statistics(3)
    expected, bounds = [(value, 0.0) for value in now], [0.0, 0.0]
    for _ in range(20):
        exact = averages.after(x, tuple(value for value, _ in expected), u)
        bounds = [averages.kept * bound + error for bound, (_, error) in zip(bounds, exact, strict=True)]
        expected, now = exact, impl.batchnorm_running(x, *now, *passed)
    for name, found, (value, _), bound in zip(STATISTICS, now, expected, bounds, strict=True):
        assert_close(found, value, bound=bound, what=f"the running {name} after 20 equal batches")


@spec("batchnorm.evaluation", after="batchnorm.shape")
def test_evaluation(impl, networks):
    """In evaluation the output is gamma (x - mean) / sqrt(variance + eps) + beta with the running statistics."""
    for eps in (SMALL, LARGE):
        for setting, case in cases(impl, networks, eps=eps):
            mean, variance = old_statistics(len(case.gamma))
            out, error = evaluated(case, mean, variance, setting.u)
            found = evaluation(impl, setting, case, mean, variance)
            assert_close(found, out, bound=error, what=f"out in evaluation ({case})")


def evaluation(impl, setting, case, mean, variance):
    """The output in evaluation mode."""
    return offered(lambda: setting.evaluate(impl, case, mean, variance), "has no evaluation mode")


@spec("batchnorm.evaluation_by_samples", after=("batchnorm.shape", "batchnorm.evaluation"))
def test_evaluation_by_samples(impl, networks):
    """In evaluation a sample's output does not depend on the other samples: alone it is the same."""
    for setting, case in cases(impl, networks):
        mean, variance = old_statistics(len(case.gamma))
        together = evaluation(impl, setting, case, mean, variance)
        _, error = evaluated(case, mean, variance, setting.u)
        for n in range(len(case.x)):
            alone = evaluation(impl, setting, replace(case, x=case.x[[n]]), mean, variance)
            assert_close(alone, together[[n]], bound=2 * error[[n]], what=f"out of sample {n} alone ({case})")


@spec("batchnorm.evaluation_keeps", after="batchnorm.shape")
def test_evaluation_keeps(impl, networks):
    """Evaluation changes neither its input nor the running statistics."""
    setting = setting_of(impl, networks)
    evaluation(impl, setting, drawn(5, 3, SMALL, seed=2), *old_statistics(3))
    written = impl.calls[-1].modified
    assert_that(not written, f"evaluation changes {' and '.join(written)}")


# The same operations on other inputs, for repeated calls outside a test


def draw_batch(impl, rng):
    """A batch that the code can normalize with an eps of the specs."""
    case = drawn(int(rng.integers(2, 7)), int(rng.integers(1, 6)), SMALL, int(rng.integers(1, 2**31)))
    return replace(case, x=single(case.x))


def compare_batch(impl, case):
    setting = found_setting(impl)
    case = setting.of(case)
    exact = setting.analyse(case)
    assert_close(setting.forward(impl, case)[0], exact.out[0], bound=exact.out[1], what="out of batchnorm_forward")
    right_gradients(setting.gradients(impl, case), exact, "batchnorm_backward")


ASKED_ANEW = (Anew("batchnorm_forward", (VALUES, *SLOPES), draw_batch, compare_batch),)

BATCH = np.array([[1.0, 2.0], [5.0, 3.0], [0.5, -1.0]])
VECTOR = np.array([1.0, 2.0])
TRIALS = {  # {operation: two results that differ if the operation uses its arguments}
    "batchnorm_forward": lambda impl: [
        impl.batchnorm_forward(x, VECTOR, VECTOR)[0] for x in (BATCH, BATCH[::-1].copy())
    ],
    "batchnorm_backward": lambda impl: [
        joined(*impl.batchnorm_backward(dout, impl.batchnorm_forward(BATCH, VECTOR, VECTOR)[1]))
        for dout in (BATCH, BATCH**2)
    ],
    "batchnorm_backward_alt": lambda impl: [
        joined(*impl.batchnorm_backward_alt(dout, impl.batchnorm_forward(BATCH, VECTOR, VECTOR)[1]))
        for dout in (BATCH, BATCH**2)
    ],
    "batchnorm_evaluate": lambda impl: [
        impl.batchnorm_evaluate(x, VECTOR, VECTOR, VECTOR, VECTOR) for x in (BATCH, BATCH + 1)
    ],
    "batchnorm_running": lambda impl: [joined(*impl.batchnorm_running(x, VECTOR, VECTOR)) for x in (BATCH, BATCH**2)],
}
