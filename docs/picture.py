"""Draws check.svg, the picture in README.md: `python docs/picture.py`."""

import os
import tempfile
from pathlib import Path

from rich.console import Console

from chainrule.api import check_loaded
from chainrule.reports.text import TextReport
from chainrule.running.loading import load

MISTAKEN = """
import numpy as np
import chainrule.reference
from chainrule.reference import *


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


class MLP(chainrule.reference.MLP):
    def backward(self, x, y):
        acts, logits = self.propagate(x)
        delta = softmax(logits) - np.eye(self.sizes[-1])[y]
        weight_grads, bias_grads = [], []
        for l in reversed(range(len(self.weights))):
            weight_grads.insert(0, acts[l].T @ delta)
            bias_grads.insert(0, delta.mean(axis=0))
            delta = (delta @ self.weights[l].T) * (acts[l] > 0)
        return weight_grads, bias_grads
"""


def main():
    picture = Path(__file__).resolve().with_name("check.svg")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that the file goes by its name alone, as on the command line
        Path("my_mlp.py").write_text(MISTAKEN.lstrip(), encoding="utf-8")
        loaded = load("my_mlp.py")
        console = Console(record=True, width=110, force_terminal=True, color_system="truecolor", quiet=False)
        report = TextReport(console, ["my_mlp.py"])
        console.print("[bold]$ chainrule check my_mlp.py[/]\n", highlight=False)
        report.finish(check_loaded(loaded))
        os.chdir(picture.parent)
    console.save_svg(str(picture), title="chainrule check my_mlp.py")


if __name__ == "__main__":
    main()
