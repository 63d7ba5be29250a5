"""Right code in further styles: no clause fails, and what shows that the code is read passes."""

import textwrap

import pytest

from chainrule import api

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

UPDATES = """
class MLP:
    def __init__(self, sizes, seed=0):
        rng = np.random.RandomState(seed)
        self.W = [rng.normal(0, np.sqrt(2 / (a + b)), (a, b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def logits(self, x):
        self.inputs = []
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            self.inputs.append(x)
            x = x.dot(W) + b
            if i < len(self.W) - 1:
                x = np.maximum(x, 0)
        return x

    def train_batch(self, x, y, lr):
        z = self.logits(x)
        z = z - z.max(1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(1, keepdims=True))
        loss = -logp[np.arange(len(y)), y].mean()
        delta = np.exp(logp)
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        for i in range(len(self.W) - 1, -1, -1):
            gW, gb = self.inputs[i].T.dot(delta), delta.sum(0)
            if i:
                delta = delta.dot(self.W[i].T) * (self.inputs[i] > 0)
            self.W[i] -= lr * gW
            self.b[i] -= lr * gb
        return loss

    def predict(self, x):
        return self.logits(x).argmax(1)

def train(net, x, y, epochs=5, batch_size=32, lr=0.1):
    for epoch in range(epochs):
        perm = np.random.permutation(len(x))
        for i in range(0, len(perm), batch_size):
            idx = perm[i:i + batch_size]
            loss = net.train_batch(x[idx], y[idx], lr)
        print(epoch, loss)

if __name__ == "__main__":
    x = np.random.randn(100, 8)
    y = x[:, :3].argmax(1)
    net = MLP([8, 16, 3])
    train(net, x, y)
    print((net.predict(x) == y).mean())
"""

RIGHT = {  # {style: (source, chapters, what passes only if it is read)}
    "an update that returns the loss": (
        UPDATES,
        ("shapes", "gradients"),
        {"network.arguments_kept", "network.present_parameters", "gradients.memoryless"},
    ),
}


@pytest.fixture
def check(tmp_path):
    """Check a source with some changes, in a few chapters."""

    def checked(source, chapters, *changes):
        text = "import numpy as np\n" + textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "net.py"
        path.write_text(text, encoding="utf-8")
        return api.check(str(path), conventions={"initialization": "any"}, chapters=chapters)

    return checked


def wrong(result):
    return {spec.id: spec.message for spec in result.specs if spec.outcome in ("failed", "error")}


@pytest.mark.parametrize("style", RIGHT)
def test_right_code_passes(check, style):
    source, chapters, shown = RIGHT[style]
    result = check(source, chapters)
    assert not wrong(result)
    assert shown <= {spec.id for spec in result.specs if spec.outcome == "passed"}


WRONG = {  # {mistake: (style, changes, what fails)}
    "an update without the mask": (
        "an update that returns the loss",
        [("delta.dot(self.W[i].T) * (self.inputs[i] > 0)", "delta.dot(self.W[i].T)")],
        {"gradients.dead_units"},
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_in_such_code_fails(check, mistake):
    style, changes, fails = WRONG[mistake]
    source, chapters, _ = RIGHT[style]
    assert fails <= wrong(check(source, chapters, *changes)).keys()


COLUMNS = """
def xent(a, t):
    return -np.sum(t * np.log(a)) / t.shape[1]
"""
ROWS = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""


def test_a_cross_entropy_that_is_right_in_columns_is_not_judged_in_rows(check):
    assert not wrong(check(COLUMNS, ("cross_entropy",)))


def test_a_cross_entropy_over_the_wrong_axis_beside_a_softmax_of_rows_fails(check):
    assert "cross_entropy.uniform" in wrong(check(ROWS + COLUMNS, ("cross_entropy",)))
