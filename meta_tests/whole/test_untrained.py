"""A network without its training is judged by the rest: it passes or is incomplete, and nothing in it fails."""

import pytest

from banks.style_bank import STYLES
from banks.untrained import untrained
from programs import untrained as program

SAMPLE = [style for style in STYLES if style.needs is None][::9]  # `nox -s untrained` checks all


@pytest.mark.once
@pytest.mark.parametrize("style", SAMPLE, ids=lambda style: style.file)
def test_nothing_fails_in_a_network_without_its_training(style, tmp_path):
    verdict, wrong = program.row(style, tmp_path)
    assert verdict in ("pass", "incomplete")
    assert wrong == {}


def test_the_program_tells_what_fails(monkeypatch, capsys):
    monkeypatch.setattr(program, "row", lambda style, _folder: ("fail", {"relu.values": "failed"}))
    assert program.main(["column_net"]) == 1
    assert "column_net.py" in capsys.readouterr().out


SOURCE = """
import numpy as np

class Net:
    def forward(self, x):
        return x

    def fit(self, x, y):
        return self.forward(x)

def train(net):
    net.fit(1, 2)

net = Net()
history = train(net)
for epoch in range(3):
    net.fit(1, 2)
print(net)
if __name__ == "__main__":
    train(net)
"""


def test_the_training_is_removed_and_nothing_else():
    kept = "import numpy as np\n\nclass Net:\n\n    def forward(self, x):\n        return x\nnet = Net()"
    assert untrained(SOURCE) == kept


def test_a_summed_loss_that_no_gradient_explains_is_not_judged(tmp_path):
    style = next(style for style in STYLES if style.file == "reduction_sum.py")
    verdict, wrong = program.row(style, tmp_path)
    assert (verdict, wrong) == ("incomplete", {})
