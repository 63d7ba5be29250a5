"""An example or two for each command, which `--help` shows and a test parses."""

from __future__ import annotations

EXAMPLES = {
    "check": (
        ("chainrule check my_mlp.py", "everything but the accuracy on Fashion-MNIST"),
        ("chainrule check my_mlp.py --watch", "again at every save"),
        ("chainrule check my_mlp.py --chapter softmax cross_entropy", "these chapters alone"),
        ("chainrule check net.ipynb --convention initialization=he", "a notebook that initializes by He"),
        ("chainrule check net.py --baseline chainrule.toml", "in CI: red where anything differs from the file"),
    ),
    "study": (
        ("chainrule study my_mlp.py --output study.html", "a page: equation, line and test side by side"),
        ("chainrule study my_mlp.py --fail-under 90", "a table, for CI"),
    ),
    "repro": (
        ("chainrule repro my_mlp.py gradients.weights", "lines to paste, with the right numbers beside"),
        ("chainrule repro my_mlp.py gradients.weights --output wrong.py", "to a file"),
    ),
    "explain": (
        ("chainrule explain softmax.shift_invariance", "a clause: what it says, and why it holds"),
        ("chainrule explain softmax-no-shift", "a mistake: its fingerprint, an example, its correction"),
        ("chainrule explain softmax", "what a chapter holds"),
    ),
    "mistakes": (("chainrule mistakes gradients training", "the mistakes of two chapters"),),
    "new": (("chainrule new my_mlp.py", "then fill in a function, and check"),),
    "adapt": (
        ("chainrule adapt their_network.py", "writes their_network_adapter.py"),
        ("chainrule check their_network.py --adapter their_network_adapter.py", "then checks through it"),
    ),
    "train": (
        ("chainrule train", "the reference"),
        ("chainrule train my_mlp.py --epochs 5", "your own network, for a moment"),
    ),
    "completion": (("chainrule completion bash >> ~/.bashrc", "completes commands, options and chapters"),),
}


def epilog(command: str) -> str:
    """The examples of a command as the end of its help; empty if it has none of its own."""
    lines = [f"  {line}\n      {what}" for line, what in EXAMPLES.get(command, ())]
    return "\n".join(["Examples:", *lines]) if lines else ""
