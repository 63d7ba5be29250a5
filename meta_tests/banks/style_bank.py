"""The bank of styles: correct networks as people write them, the conventions of each, and mistakes to plant in them.

The files stand in `styles/`, untouched by our tools: they are in their authors' style, not in ours.  Where a mistake
shows in one of several chapters, depending on which way it is called, all of them are named.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "styles"


@dataclass(frozen=True)
class Mistake:
    """A mistake planted by replacing `old`, which occurs once, by `new`, in `file` of the style's folder or in the
    style's own file.  One of `chapters` has to fail.
    """

    name: str
    old: str
    new: str
    chapters: tuple[str, ...]
    file: str | None = None


@dataclass(frozen=True)
class Style:
    """A correct implementation.

    file: what is checked, in `styles/`.  conventions: those that differ from the native ones, as the report should
    show them; `initialization` is declared, the rest is to be inferred.  mistakes: each makes the check fail.
    needs: a package without which the file cannot run.  unsaid: conventions for which more than one answer is right.
    declares_itself: the initialization is declared in the file.  lacks: what the file has no function for at all, so
    that `incomplete` is as good an answer as `pass`.
    """

    file: str
    conventions: dict[str, str]
    mistakes: tuple[Mistake, ...]
    needs: str | None = None
    unsaid: tuple[str, ...] = ()
    declares_itself: bool = False
    lacks: str | None = None

    @property
    def declared(self) -> dict[str, str]:
        """What the command line has to say, as nobody may edit the file."""
        said = {} if self.declares_itself else self.conventions
        return {key: value for key, value in said.items() if key == "initialization"}

    def copy(self, folder: Path, mistake: Mistake | None = None) -> Path:
        """Copy the style into a folder, with a mistake planted in it or none.  Returns the path to check."""
        top = Path(self.file).parts[0]
        if (FOLDER / top).is_dir():
            shutil.copytree(FOLDER / top, folder / top, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(FOLDER / top, folder / top)
        if mistake is not None:
            path = folder / (mistake.file or self.file)
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(mistake.old, mistake.new), encoding="utf-8")
        return folder / self.file


STYLES: list[Style] = []
TWO_LAYERS = "[*, *, *]"
THREE_LAYERS = "[*, *, *, *]"
AT_ONCE = ("gradients", "training")  # the gradient is seen through an update alone
LOSS = ("cross_entropy", "shapes")  # no function for it but the network's own loss
RELU = ("activations", "shapes")
# No function for it but the network: the outputs for a sample alone then do not depend on each other, as those of no
# softmax do, and the network itself is at fault.
SOFTMAX = ("softmax", "shapes")
LOGITS = ("softmax", "cross_entropy", "shapes")  # forward stops at the logits: softmax is inside the loss


def style(
    file: str,
    *mistakes: Mistake,
    needs: str | None = None,
    unsaid: tuple[str, ...] = (),
    declares_itself: bool = False,
    lacks: str | None = None,
    **conventions: str,
) -> None:
    """Add a style to the bank."""
    STYLES.append(Style(file, conventions, mistakes, needs, unsaid, declares_itself, lacks))


def mistake(name: str, old: str, new: str, chapters: str | tuple[str, ...], file: str | None = None) -> Mistake:
    """A Mistake whose chapter may be a single name."""
    return Mistake(name, old, new, (chapters,) if isinstance(chapters, str) else chapters, file)


# Classes with W1, b1, W2, b2

style(
    "neural_network_rows.py",
    mistake(
        "W2 updated before it propagates",
        "np.dot(dz2, self.W2.T)",
        "np.dot(dz2, (self.W2 - learning_rate * dW2).T)",
        AT_ONCE,
    ),
    mistake("db summed over units too", "np.sum(dz2, axis=0, keepdims=True) / m", "np.sum(dz2) / m", AT_ONCE),
    mistake("relu derivative missing", " * self.relu_derivative(self.z1)", "", AT_ONCE),
    mistake("softmax without the shift", "np.exp(x - np.max(x, axis=1, keepdims=True))", "np.exp(x)", "softmax"),
    labels="one_hot",
    initialization="he",
    seeding="global",
    log_epsilon="1e-8",
    architecture=TWO_LAYERS,
)
style(
    "column_net.py",
    mistake("1/m missing in dW1", "dW1 = 1 / m * np.dot(dZ1, X.T)", "dW1 = np.dot(dZ1, X.T)", "gradients"),
    mistake("db1 over all entries", "1 / m * np.sum(dZ1, axis=1, keepdims=True)", "1 / m * np.sum(dZ1)", "gradients"),
    mistake("loss in bits", "np.log(A2 + 1e-12)", "np.log2(A2 + 1e-12)", "cross_entropy"),
    mistake("W2 climbs", "self.W2 - learning_rate", "self.W2 + learning_rate", "training"),
    samples="columns",
    weights="out_in",
    labels="one_hot",
    initialization="any",
    seeding="global",
    log_epsilon="1e-12",
    architecture=TWO_LAYERS,
)
style(
    "lr_in_constructor.py",
    mistake("labels not shuffled", "= x[idx], y[idx]", "= x[idx], y", "training"),
    mistake("last batch dropped", "range(0, n, batch_size)", "range(0, n - batch_size + 1, batch_size)", "training"),
    mistake("1/m twice", "grad_w1 = x.T @ delta_h", "grad_w1 = x.T @ delta_h / n", "gradients"),
    mistake("b1 not updated", "        self.b1 -= self.learning_rate * grad_b1\n", "", "training"),
    initialization="lecun",
    seeding="global",
    log_epsilon="1e-10",
    architecture=TWO_LAYERS,
)
style(
    "three_layers.py",
    mistake("mask without the bias", "d_relu(self.Z1)", "d_relu(self.X.dot(self.W1))", "gradients"),
    mistake("1/m missing everywhere", "(self.A3 - Y) / m", "self.A3 - Y", "gradients"),
    mistake(
        "loss averaged over classes too",
        "np.mean(np.sum(Y * np.log(P + 1e-15), axis=1))",
        "np.mean(Y * np.log(P + 1e-15))",
        "cross_entropy",
    ),
    mistake("half of He's range for Xavier's", "6.0 / (n_i + n_o)", "6.0 / n_i", "initialization"),
    labels="one_hot",
    log_epsilon="1e-15",
    architecture=THREE_LAYERS,
)
style(
    "mnist_hardwired.py",
    mistake(
        "softmax over the batch too",
        "np.exp(Z) / np.sum(np.exp(Z), axis=0)",
        "np.exp(Z) / np.sum(np.exp(Z))",
        "softmax",
    ),
    mistake("one-hot off by one", "out[Y, np.arange(Y.size)] = 1", "out[Y - 1, np.arange(Y.size)] = 1", "gradients"),
    mistake("b2 not updated", "self.b2 - alpha * db2", "self.b2", "training"),
    mistake("summed loss beside averaged gradients", "-np.mean(np.log", "-np.sum(np.log", "cross_entropy"),
    samples="columns",
    weights="out_in",
    initialization="any",
    seeding="global",
    log_epsilon="1e-9",
    architecture="[784, 10, 10]",
)
style(
    "hidden_size_only.py",
    mistake(
        "weights_2 updated before it propagates",
        "(error @ self.weights_2.T)",
        "(error @ (self.weights_2 - lr * self.hidden.T @ error).T)",
        AT_ONCE,
    ),
    mistake("1/m missing everywhere", "(output - targets) / len(images)", "output - targets", AT_ONCE),
    mistake(
        "labels not shuffled", "images[batch], targets[batch]", "images[batch], targets[i:i + batch_size]", "training"
    ),
    mistake("bias not added", "images @ self.weights_1 + self.bias_1", "images @ self.weights_1", "shapes"),
    labels="one_hot",
    initialization="he",
    seeding="global",
    log_epsilon="1e-12",
    architecture="[784, *, 10]",
)
style(
    "sizes_list_float32.py",
    mistake("relu derivative missing", " * (self.acts[i] > 0)", "", "gradients"),
    mistake("biases climb", "self.b[i] -= lr", "self.b[i] += lr", "training"),
    mistake("He for Glorot", "2.0 / (n_in + n_out)", "2.0 / n_in", "initialization"),
    mistake("last batch dropped", "range(0, n, batch_size)", "range(0, n - n % batch_size, batch_size)", "training"),
    precision="float32",
    log_epsilon="1e-10",
)
style(
    "hidden_dims_loss_grads.py",
    mistake("1/N missing everywhere", "        dout /= N\n", "", "gradients"),
    mistake("relu mask that is always true", "(hidden[i - 1] > 0)", "(hidden[i - 1] >= 0)", "gradients"),
    mistake("bias gradients averaged twice", "dout.sum(axis=0)", "dout.mean(axis=0)", "gradients"),
    mistake("training climbs", "self.params[name] -= learning_rate", "self.params[name] += learning_rate", "training"),
    mistake("fan-out for fan-in", "np.sqrt(2.0 / dims[i])", "np.sqrt(2.0 / dims[i + 1])", "initialization"),
    initialization="he",
    unsaid=("seeding",),  # the constructor takes a generator, train draws from NumPy's global one
)

# Functions, parameters handed around

style(
    "kaggle_digits.py",
    mistake("1/m missing in dW1", "dW1 = 1 / m * dZ1.dot(X.T)", "dW1 = dZ1.dot(X.T)", "gradients"),
    mistake("db1 over all entries", "1 / m * np.sum(dZ1, axis=1, keepdims=True)", "1 / m * np.sum(dZ1)", "gradients"),
    mistake("mask of the next layer", "ReLU_deriv(Z1)", "ReLU_deriv(Z2)", "gradients"),
    mistake("W2 not transposed", "W2.T.dot(dZ2)", "W2.dot(dZ2)", "gradients"),
    mistake("softmax over the batch too", "np.sum(expZ, axis=0)", "np.sum(expZ)", "softmax"),
    samples="columns",
    weights="out_in",
    initialization="any",
    seeding="global",
    architecture="[784, 10, 10]",
    lacks="a loss",
)
style(
    "kaggle_global_m.py",
    mistake("W1 climbs", "W1 -= alpha * dW1", "W1 += alpha * dW1", "training"),
    mistake("loss in bits", "np.log(A2 + 1e-8)", "np.log2(A2 + 1e-8)", "cross_entropy"),
    mistake("relu derivative missing", "np.dot(W2.T, dZ2) * relu_deriv(Z1)", "np.dot(W2.T, dZ2)", "gradients"),
    mistake("1/m twice", "dW2 = 1/m * np.dot(dZ2, A1.T)", "dW2 = 1/m * np.dot(dZ2, A1.T) / m", "gradients"),
    samples="columns",
    weights="out_in",
    initialization="lecun",
    seeding="global",
    log_epsilon="1e-8",
    architecture="[784, *, 10]",
)
style(
    "kaggle_digits.ipynb",
    mistake("bias not added", "Z1 = W1 @ X + b1", "Z1 = W1 @ X", "shapes"),
    mistake("1/m missing in dW2", "dW2 = dZ2 @ A1.T / m", "dW2 = dZ2 @ A1.T", "gradients"),
    mistake("softmax without the shift", "np.exp(Z - Z.max(axis=0))", "np.exp(Z)", "softmax"),
    mistake("b2 not updated", "b2 - alpha * db2", "b2", "training"),
    samples="columns",
    weights="out_in",
    initialization="he",
    seeding="global",
    log_epsilon="1e-10",
    architecture=TWO_LAYERS,
)
style(
    "deeplearning_ai.py",
    mistake("mask of the gradient's sign", "dZ[Z <= 0] = 0", "dZ[dA <= 0] = 0", "gradients"),
    mistake("db over all entries", "1. / m * np.sum(dZ, axis=1, keepdims=True)", "1. / m * np.sum(dZ)", "gradients"),
    mistake("1/m missing in every dW", "1. / m * np.dot(dZ, A_prev.T)", "np.dot(dZ, A_prev.T)", "gradients"),
    mistake("cost averaged over classes too", "-(1. / m) * np.sum(Y", "-(1. / Y.size) * np.sum(Y", "cross_entropy"),
    mistake("softmax without the shift", "shifted = Z - np.max(Z, axis=0, keepdims=True)", "shifted = Z", "softmax"),
    mistake(
        "biases climb",
        'parameters["b" + str(l + 1)] - learning_rate',
        'parameters["b" + str(l + 1)] + learning_rate',
        "training",
    ),
    samples="columns",
    weights="out_in",
    labels="one_hot",
    initialization="lecun",
    seeding="global",
    log_epsilon="1e-8",
)
style(
    "functional_params_dict.py",
    mistake("relu mask that is always true", "d1 * (z1 > 0)", "d1 * (a1 >= 0)", "gradients"),
    mistake("He for Xavier in one layer", "np.sqrt(2 / (n_hidden + n_out))", "np.sqrt(2 / n_hidden)", "initialization"),
    mistake("labels not shuffled", "cache, Y[batch])", "cache, Y[i:i + batch_size][:len(batch)])", "training"),
    mistake(
        "loss averaged over classes too",
        "np.mean(np.sum(Y * np.log(probs + EPS), axis=1))",
        "np.mean(Y * np.log(probs + EPS))",
        "cross_entropy",
    ),
    mistake(
        "last batch dropped",
        "range(0, len(X), batch_size)",
        "range(0, len(X) - batch_size + 1, batch_size)",
        "training",
    ),
    labels="one_hot",
    log_epsilon="1e-12",
    architecture=TWO_LAYERS,
)
style(
    "tuples_logits.py",
    mistake("1/m missing everywhere", "- targets) / inputs.shape[0]", "- targets)", "gradients"),
    mistake(
        "log-sum-exp without the shift",
        "mx + np.log(np.exp(x - mx).sum(axis=1, keepdims=True))",
        "np.log(np.exp(x).sum(axis=1, keepdims=True))",
        LOGITS,
    ),
    mistake("relu derivative missing", "np.dot(delta, W.T) * (a > 0)", "np.dot(delta, W.T)", "gradients"),
    mistake("leaky relu", "np.maximum(x, 0.)", "np.maximum(x, 0.01 * x)", RELU),
    mistake("biases learn at rate 1", "b - step_size * db", "b - db", "training"),
    labels="one_hot",
    output="logits",
)
style(
    "list_of_dicts.py",
    mistake("1/m missing in every dW", "np.dot(dZ_curr, A_prev.T) / m", "np.dot(dZ_curr, A_prev.T)", "gradients"),
    mistake(
        "softmax over the batch", "np.sum(e, axis=0, keepdims=True)", "np.sum(e, axis=1, keepdims=True)", "softmax"
    ),
    mistake("fan-out for fan-in", "np.sqrt(2 / fan_in)", "np.sqrt(2 / fan_out)", "initialization"),
    mistake("weights climb", 'layer["W"] -= learning_rate', 'layer["W"] += learning_rate', "training"),
    samples="columns",
    weights="out_in",
    labels="one_hot",
    initialization="he",
    log_epsilon="1e-9",
    declares_itself=True,
)

# A dictionary of parameters in a class

style(
    "saito_two_layer.py",
    mistake("1/m missing everywhere", "dy = (y - t) / batch_num", "dy = y - t", "gradients"),
    mistake("mask of the activations, which are never negative", "relu_grad(a1)", "relu_grad(z1)", "gradients"),
    mistake("loss not averaged", "t] + 1e-7)) / batch_size", "t] + 1e-7))", "cross_entropy"),
    mistake("softmax without the shift", "        x = x - np.max(x, axis=0)\n", "", "softmax"),
    mistake("b1 from the unmasked gradient", "np.sum(da1, axis=0)", "np.sum(dz1, axis=0)", "gradients"),
    labels="one_hot",
    initialization="any",
    seeding="global",
    log_epsilon="1e-7",
    architecture=TWO_LAYERS,
    lacks="an update",
)
style(
    "saito_layers/two_layer_net.py",
    mistake(
        "mask of the gradient's sign",
        "dx[self.mask] = 0",
        "dx[dout <= 0] = 0",
        "gradients",
        "saito_layers/common/layers.py",
    ),
    mistake(
        "db over all entries",
        "self.db = np.sum(dout, axis=0)",
        "self.db = np.sum(dout)",
        "gradients",
        "saito_layers/common/layers.py",
    ),
    mistake(
        "mask of the first batch for ever",
        "        self.mask = (x <= 0)",
        "        if self.mask is None or self.mask.shape != x.shape:\n            self.mask = (x <= 0)",
        ("activations", "shapes", "gradients"),
        "saito_layers/common/layers.py",
    ),
    mistake(
        "bias not added",
        "np.dot(self.x, self.W) + self.b",
        "np.dot(self.x, self.W)",
        "shapes",
        "saito_layers/common/layers.py",
    ),
    mistake(
        "softmax without the shift",
        "    x = x - np.max(x, axis=-1, keepdims=True)   # against overflow\n",
        "",
        LOGITS,
        "saito_layers/common/functions.py",
    ),
    output="logits",
    initialization="any",
    seeding="global",
    log_epsilon="1e-7",
    architecture=TWO_LAYERS,
    lacks="an update",
)
style(
    "cs231n_two_layer.py",
    mistake("1/N missing everywhere", "        dscores /= N\n", "", "gradients"),
    mistake("mask of the gradient's sign", "dhidden[hidden <= 0] = 0", "dhidden[dhidden <= 0] = 0", "gradients"),
    mistake("summed loss beside averaged gradients", "y]) / N\n", "y])\n", LOSS),
    mistake("softmax without the shift", "scores - np.max(scores, axis=1, keepdims=True)", "scores", LOGITS),
    mistake(
        "last batch dropped",
        "range(0, num_train, batch_size)",
        "range(0, num_train - batch_size + 1, batch_size)",
        "training",
    ),
    output="logits",
    initialization="any",
    seeding="global",
    architecture=TWO_LAYERS,
)
style(
    "cs231n_course/cs231n/classifiers/fc_net.py",
    mistake(
        "mask of the gradient's sign",
        "dx = dout * (x > 0)",
        "dx = dout * (dout > 0)",
        ("gradients", "layers"),
        "cs231n_course/cs231n/layers.py",
    ),
    mistake(
        "db averaged twice",
        "db = np.sum(dout, axis=0)",
        "db = np.mean(dout, axis=0)",
        ("gradients", "layers"),
        "cs231n_course/cs231n/layers.py",
    ),
    mistake("cache of the layer before", "caches[l - 1])", "caches[max(l - 2, 0)])", "gradients"),
    mistake(
        "summed loss beside averaged gradients",
        "y]) / N\n",
        "y])\n",
        (*LOSS, "layers"),
        "cs231n_course/cs231n/layers.py",
    ),
    output="logits",
    precision="float32",
    initialization="any",
    seeding="global",
    lacks="an update",
)
style(
    "cs231n_course/cs231n/layers.py",
    mistake("mask of the gradient's sign", "dx = dout * (x > 0)", "dx = dout * (dout > 0)", "layers"),
    mistake("relu derivative of ones", "dx = dout * (x > 0)", "dx = dout", "layers"),
    mistake("dx not reshaped", "dout.dot(w.T).reshape(x.shape)", "dout.dot(w.T)", "layers"),
    mistake("db averaged", "db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)", "layers"),
    mistake("1/N missing in dx", "    dx /= N\n", "", "layers"),
    mistake("softmax without the shift", "x - np.max(x, axis=1, keepdims=True)", "x", "layers"),
)

# Layer objects

style(
    "layers_in_network.py",
    mistake(
        "weights updated before they propagate",
        """\
        input_gradient = np.dot(output_gradient, self.weights.T)
        self.weights -= learning_rate * weights_gradient
""",
        """\
        self.weights -= learning_rate * weights_gradient
        input_gradient = np.dot(output_gradient, self.weights.T)
""",
        AT_ONCE,
    ),
    mistake("relu derivative missing", "output_gradient * (self.input > 0)", "output_gradient", AT_ONCE),
    mistake(
        "only the diagonal of softmax's Jacobian",
        "s * (output_gradient - np.sum(output_gradient * s, axis=1, keepdims=True))",
        "s * (1 - s) * output_gradient",
        AT_ONCE,
    ),
    mistake("1/m missing everywhere", "(y_pred + 1e-15) / len(y_true)", "(y_pred + 1e-15)", AT_ONCE),
    mistake("softmax over the batch too", "np.sum(tmp, axis=1, keepdims=True)", "np.sum(tmp)", "softmax"),
    labels="one_hot",
    initialization="he",
    seeding="global",
    log_epsilon="1e-15",
)
style(
    "sequential_optimizer.py",
    mistake(
        "bias gradients accumulate", "self.db = dout.sum(axis=0)", "self.db = self.db + dout.sum(axis=0)", "gradients"
    ),
    mistake(
        "inputs of the first batch for ever",
        "        self.x = x\n",
        "        self.x = getattr(self, 'x', x)\n",
        ("gradients", "training"),
    ),
    mistake("1/m missing everywhere", "return d / len(self.y)", "return d", "gradients"),
    mistake("biases climb", "layer.b -= self.lr", "layer.b += self.lr", "training"),
    mistake(
        "LeCun's normal deviation as Xavier's range",
        "np.sqrt(6 / (in_features + out_features))",
        "np.sqrt(1 / in_features)",
        "initialization",
    ),
    output="logits",
    seeding="global",
    log_epsilon="1e-12",
)
style(
    "nnfs_style.py",
    mistake("1/m missing everywhere", "self.dinputs = self.dinputs / samples", "pass", "gradients"),
    mistake(
        "mask of the gradient's sign",
        "self.dinputs[self.inputs <= 0] = 0",
        "self.dinputs[dvalues <= 0] = 0",
        "gradients",
    ),
    mistake(
        "softmax over the batch",
        "np.sum(exp_values, axis=1, keepdims=True)",
        "np.sum(exp_values, axis=0, keepdims=True)",
        SOFTMAX,
    ),
    mistake("weights climb", "layer.weights += -self.learning_rate", "layer.weights += self.learning_rate", "training"),
    mistake("summed loss beside averaged gradients", "np.mean(sample_losses)", "np.sum(sample_losses)", LOSS),
    initialization="any",
    seeding="global",
    log_epsilon="1e-7",
)
style(
    "modules_sum.py",
    mistake("relu derivative missing", "np.where(self.x > 0, g, 0.0)", "g", "gradients"),
    mistake("averaged bias gradients beside summed weights'", "g.sum(0)", "g.mean(0)", "gradients"),
    mistake("averaged loss beside summed gradients", "y].sum()", "y].mean()", ("gradients", *LOSS)),
    mistake(
        "last batch dropped",
        "np.split(order, range(batch_size, len(x), batch_size))",
        "order[:len(x) // batch_size * batch_size].reshape(-1, batch_size)",
        "training",
    ),
    weights="out_in",
    reduction="sum",
    output="logits",
    initialization="lecun",
)

# Lists of arrays

style(
    "nielsen_softmax.py",
    mistake("relu derivative missing", " * relu_prime(zs[-l+1])", "", "gradients"),
    mistake("weights climb", "[w-(eta/len(mini_batch))*nw", "[w+(eta/len(mini_batch))*nw", "training"),
    mistake("biases not averaged over the mini-batch", "[b-(eta/len(mini_batch))*nb", "[b-eta*nb", "training"),
    mistake("softmax without the shift", "np.exp(z - np.max(z))", "np.exp(z)", "softmax"),
    mistake(
        "last mini-batch dropped",
        "range(0, n, mini_batch_size)",
        "range(0, n-mini_batch_size+1, mini_batch_size)",
        "training",
    ),
    samples="single",
    weights="out_in",
    labels="one_hot",
    initialization="lecun",
    seeding="global",
)
style(
    "lists_out_in_rows.py",
    mistake("1/m twice", "error.T @ a[i])", "error.T @ a[i] / len(y))", "gradients"),
    mistake("relu mask that is always true", "(a[i] > 0)", "(a[i] >= 0)", "gradients"),
    mistake("weights transposed", "(error @ self.weights[i])", "(error @ self.weights[i].T)", "gradients"),
    mistake("not shuffled", "            self.random.shuffle(indices)\n", "", "training"),
    mistake("Xavier for He", "2.0 / n_in", "2.0 / (n_in + n_out)", "initialization"),
    weights="out_in",
    initialization="he",
)
style(
    "columns_minibatch.py",
    mistake("labels not shuffled", "shuffled_Y = Y[:, permutation]", "shuffled_Y = Y", "training"),
    mistake("last batch dropped", "math.ceil(m / mini_batch_size)", "m // mini_batch_size", "training"),
    mistake("db over all entries", "np.sum(dZ, axis=1, keepdims=True)", "np.sum(dZ, keepdims=True)", "gradients"),
    mistake(
        "mask of the activations, which are never negative",
        '(store["Z" + str(l-1)] > 0)',
        '(store["A" + str(l-1)] >= 0)',
        "gradients",
    ),
    mistake("softmax over the batch too", "expZ.sum(axis=0, keepdims=True)", "expZ.sum()", "softmax"),
    samples="columns",
    weights="out_in",
    labels="one_hot",
    initialization="he",
    seeding="global",
    log_epsilon="1e-8",
)
style(
    "class_alone.py",
    mistake("relu mask that is always true", "(layer > 0)", "(layer >= 0)", "gradients"),
    mistake("1/m missing everywhere", "        d /= len(labels)\n", "", "gradients"),
    mistake("He's range for Xavier's", "np.sqrt(6 / (a + b))", "np.sqrt(6 / a)", "initialization"),
    mistake("softmax without the shift", "np.exp(x - x.max(axis=1, keepdims=True))", "np.exp(x)", "softmax"),
    mistake("labels not shuffled", "labels[rows]", "labels[i:i + batch]", "training"),
)

# Sums, logits, losses that return gradients, seeds

style(
    "reduction_sum.py",
    mistake("averaged dW beside summed gradients", "dW = H.T.dot(dY)", "dW = H.T.dot(dY) / len(X)", "gradients"),
    mistake("relu derivative missing", "dY.dot(self.W.T) * (H > 0)", "dY.dot(self.W.T)", "gradients"),
    mistake("bias not updated", "            self.c -= learning_rate * dc\n", "", AT_ONCE),
    mistake("bias not added", "X.dot(self.V) + self.c", "X.dot(self.V)", "shapes"),
    mistake("loss averaged over all entries", "np.log(Y + 1e-30)).sum()", "np.log(Y + 1e-30)).mean()", "cross_entropy"),
    labels="one_hot",
    reduction="sum",
    initialization="lecun",
    seeding="global",
    log_epsilon="1e-30",
    architecture=TWO_LAYERS,
)
style(
    "columns_three_layers_sum.py",
    mistake(
        "w3 updated before it propagates",
        "(self.w3.T @ delta3)",
        "((self.w3 - eta * delta3 @ self.a2.T).T @ delta3)",
        AT_ONCE,
    ),
    mistake(
        "averaged bias gradient beside sums",
        "delta1.sum(axis=1, keepdims=True)",
        "delta1.mean(axis=1, keepdims=True)",
        AT_ONCE,
    ),
    mistake("softmax over the batch too", "np.exp(z).sum(axis=0)", "np.exp(z).sum()", "softmax"),
    mistake("loss in bits", "np.log(self.a3 + 1e-9)", "np.log2(self.a3 + 1e-9)", "cross_entropy"),
    samples="columns",
    weights="out_in",
    labels="one_hot",
    reduction="sum",
    initialization="any",
    seeding="global",
    log_epsilon="1e-9",
    architecture=THREE_LAYERS,
)
style(
    "sklearn_like.py",
    mistake("scikit-learn's range for the logistic sigmoid", "np.sqrt(6.0 /", "np.sqrt(2.0 /", "initialization"),
    mistake("1/m missing in the weights' gradients", "@ delta / n_samples", "@ delta", AT_ONCE),
    mistake("1/m missing in the biases' gradients", "delta.mean(axis=0)", "delta.sum(axis=0)", AT_ONCE),
    mistake("relu mask that is never set", "activations[i] == 0", "activations[i] < 0", AT_ONCE),
    mistake(
        "last batch dropped",
        "range(0, len(X), self.batch_size)",
        "range(0, len(X) - self.batch_size + 1, self.batch_size)",
        "training",
    ),
)
style(
    "logits_class.py",
    mistake("1/m missing everywhere", "        dlogits /= len(targets)\n", "", "gradients"),
    mistake("relu mask that is never set", "dh[self.h == 0] = 0", "dh[self.h < 0] = 0", "gradients"),
    mistake(
        "He's range for Xavier's",
        "np.sqrt(6 / (num_features + num_hidden))",
        "np.sqrt(6 / num_features)",
        "initialization",
    ),
    mistake("b2 learns at rate 1", "self.b2 -= lr * self.db2", "self.b2 -= self.db2", "training"),
    weights="out_in",
    output="logits",
    architecture=TWO_LAYERS,
)
style(
    "zero_grad.py",
    mistake("gradients accumulate over calls", "        self.zero_grad()\n", "", "gradients"),
    mistake("the rate is not used", "p.data -= lr * p.grad", "p.data -= p.grad", "training"),
    mistake("1/m missing everywhere", "dout = p / len(y)", "dout = p", "gradients"),
    mistake("relu mask that is always true", "self.hidden[i - 1] > 0", "self.hidden[i - 1] >= 0", "gradients"),
    output="logits",
    seeding="global",
)
style(
    "cache_dict.py",
    mistake("1/m missing everywhere", '(cache["A2"] - Y) / m', '(cache["A2"] - Y)', "gradients"),
    mistake("one-hot off by one", "[:, labels]", "[:, labels - 1]", "gradients"),
    mistake(
        "relu mask inverted",
        'np.where(cache["Z1"] > 0, 1.0, 0.0)',
        'np.where(cache["Z1"] > 0, 0.0, 1.0)',
        "gradients",
    ),
    mistake("bias not added", '@ X + self.params["b1"]', "@ X", "shapes"),
    mistake("training climbs", "self.params[key] - lr", "self.params[key] + lr", "training"),
    samples="columns",
    weights="out_in",
    initialization="he",
    log_epsilon="1e-10",
    architecture=TWO_LAYERS,
)
style(
    "loss_and_grads.py",
    mistake("relu mask that is never set", "d_z1[z1 < 0] = 0", "d_z1[hidden < 0] = 0", "gradients"),
    mistake("loss averaged over classes too", "1e-16))).sum() / N", "1e-16))).mean()", LOSS),
    mistake("W1 climbs", "self.W1 -= lr", "self.W1 += lr", "training"),
    mistake("db2 over all entries", "d_scores.sum(axis=0)", "d_scores.sum()", "gradients"),
    mistake(
        "He for Xavier in one layer", "np.sqrt(2 / (n_inputs + n_hidden))", "np.sqrt(2 / n_inputs)", "initialization"
    ),
    labels="one_hot",
    seeding="global",
    log_epsilon="1e-16",
    architecture=TWO_LAYERS,
)
style(
    "fixed_seed.py",
    mistake(
        "db over all entries", "hidden_error_term.mean(axis=0, keepdims=True)", "hidden_error_term.mean()", "gradients"
    ),
    mistake(
        "the sigmoid's derivative for relu's",
        "hidden_error * (hidden_outputs > 0)",
        "hidden_error * hidden_outputs * (1 - hidden_outputs)",
        "gradients",
    ),
    mistake(
        "1/m missing in one gradient",
        "np.dot(hidden_outputs.T, error) / n_records",
        "np.dot(hidden_outputs.T, error)",
        "gradients",
    ),
    mistake("bias_output learns at rate 1", "lr * delta_bias_o\n", "delta_bias_o\n", "training"),
    labels="one_hot",
    initialization="lecun",
    log_epsilon="1e-9",
    architecture=TWO_LAYERS,
    seeding="fixed",
)
style(
    "dataclass_layers.py",
    mistake("relu mask that is always true", "(acts[k] > 0)", "(acts[k] >= 0)", "gradients"),
    mistake("bias gradients averaged twice", "delta.sum(axis=0)", "delta.mean(axis=0)", "gradients"),
    mistake("labels not shuffled", "y_onehot[sel]", "y_onehot[start:start + batch_size]", "training"),
    mistake("half of Xavier's variance", "2.0 / (fan_in + fan_out)", "1.0 / (fan_in + fan_out)", "initialization"),
    mistake("weights climb", "layer.W - lr * dW", "layer.W + lr * dW", "training"),
    weights="out_in",
    labels="one_hot",
    log_epsilon="1e-12",
)
style(
    "iris_assignment.ipynb",
    mistake("relu derivative missing", " * (self.z_hidden > 0)", "", "gradients"),
    mistake("1/m missing everywhere", "(self.forward(X) - Y) / n", "self.forward(X) - Y", "gradients"),
    mistake("training climbs", "- learning_rate * grad", "+ learning_rate * grad", "training"),
    mistake("He's range for Xavier's", "np.sqrt(n_in + n_out)", "np.sqrt(n_in)", "initialization"),
    mistake("softmax without the shift", "np.exp(x - np.max(x, axis=1).reshape(-1, 1))", "np.exp(x)", "softmax"),
    labels="one_hot",
    seeding="global",
    log_epsilon="1e-12",
    architecture=TWO_LAYERS,
)

# Other arrays, and none

style(
    "torch_manual.py",
    mistake("relu derivative missing", "        grad_h[self.h < 0] = 0\n", "", "gradients"),
    mistake("1/m missing everywhere", "        grad_logits /= n\n", "", "gradients"),
    mistake(
        "softmax over the batch",
        "logits.exp().sum(dim=1, keepdim=True)",
        "logits.exp().sum(dim=0, keepdim=True)",
        SOFTMAX,
    ),
    mistake("b2 climbs", "self.b2 -= learning_rate", "self.b2 += learning_rate", "training"),
    needs="torch",
    precision="float32",
    initialization="he",
    seeding="global",
    log_epsilon="1e-10",
    architecture=TWO_LAYERS,
    arrays="torch",
)
style(
    "torch_double.py",
    mistake("relu mask that is always true", "(acts[i] > 0).to", "(acts[i] >= 0).to", "gradients"),
    mistake("biases not updated", "b - lr * db", "b", "training"),
    mistake("loss averaged over classes too", ".sum(dim=1).mean()", ".mean(dim=1).mean()", "cross_entropy"),
    mistake("He for Xavier", "2.0 / (n_in + n_out)", "2.0 / n_in", "initialization"),
    needs="torch",
    labels="one_hot",
    log_epsilon="1e-15",
    arrays="torch",
)
style(
    "jax_functional.py",
    mistake("relu derivative missing", "jnp.dot(delta, w) * (a > 0)", "jnp.dot(delta, w)", "gradients"),
    mistake("1/m missing everywhere", " - y) / x.shape[0]", " - y)", "gradients"),
    mistake("biases climb", "b - lr * db", "b + lr * db", "training"),
    mistake(
        "loss averaged over classes too",
        "jnp.mean(jnp.sum(y * log_softmax(logits), axis=1))",
        "jnp.mean(y * log_softmax(logits))",
        LOSS,
    ),
    needs="jax",
    weights="out_in",
    labels="one_hot",
    output="logits",
    precision="float32",
    initialization="he",
    arrays="jax",
)
style(
    "pure_python.py",
    mistake("relu derivative missing", "error if self.z1[j] > 0 else 0.0", "error", "gradients"),
    mistake("softmax without the shift", "math.exp(v - biggest)", "math.exp(v)", "softmax"),
    mistake("weights climb", "row[i] -= lr", "row[i] += lr", "training"),
    mistake("one-hot off by one", "if k == target else", "if k == target - 1 else", "gradients"),
    weights="out_in",
    initialization="he",
    log_epsilon="1e-300",
    architecture=TWO_LAYERS,
    samples="single",
    arrays="lists",
)
style(
    "pure_python_batch.py",
    mistake("1/N missing everywhere", "(p - (k == y[n])) / N", "(p - (k == y[n]))", "gradients"),
    mistake("mask of the gradient's sign", "d if a > 0 else 0.0", "d if d > 0 else 0.0", "gradients"),
    mistake(
        "last batch dropped",
        "range(0, len(idx), batch_size)",
        "range(0, len(idx) - batch_size + 1, batch_size)",
        "training",
    ),
    mistake("He for Xavier", "sqrt(2.0 / (n + m))", "sqrt(2.0 / n)", "initialization"),
    seeding="global",
    log_epsilon="1e-15",
    arrays="lists",
)
style(
    "pure_python_neurons.py",
    mistake("relu derivative missing", "error if neuron.z > 0 else 0.0", "error", AT_ONCE),
    mistake("biases not updated", "                neuron.bias -= self.learning_rate * neuron.delta\n", "", AT_ONCE),
    mistake(
        "output neurons updated before they propagate",
        "out.delta * out.weights[h]",
        "out.delta * (out.weights[h] - self.learning_rate * out.delta * out.inputs[h])",
        AT_ONCE,
    ),
    mistake("bias not added", "zip(self.weights, inputs)) + self.bias", "zip(self.weights, inputs))", "shapes"),
    weights="out_in",
    labels="one_hot",
    initialization="he",
    seeding="global",
    log_epsilon="1e-15",
    architecture=TWO_LAYERS,
    samples="single",
    arrays="lists",
)
style(
    "coursera_fixed_seed.py",
    mistake(
        "1/m missing in db",
        "db = np.sum(dZ, axis=1, keepdims=True) / m",
        "db = np.sum(dZ, axis=1, keepdims=True)",
        "gradients",
    ),
    mistake("labels not shuffled", "shuffled_Y = Y[:, permutation]", "shuffled_Y = Y", "training"),
    samples="columns",
    weights="out_in",
    labels="one_hot",
    initialization="he",
    log_epsilon="1e-12",
)
style(
    "einsum_equal_hidden.py",
    mistake("relu derivative missing in one layer", " * (self.z1 > 0)", "", "gradients"),
    mistake("bias not added", "self.a1, self.W2) + self.b2", "self.a1, self.W2)", LOGITS),
    labels="one_hot",
    reduction="sum",
    initialization="he",
    log_epsilon="1e-12",
    architecture="[*, 6, 6, *]",
)
style(
    "functions_in_place.py",
    mistake("labels not shuffled", "X[idx], y[idx]", "X[idx], y[start:start + batch_size]", "training"),
    mistake("db averaged twice", 'grads["b1"] = dz1.sum(axis=0)', 'grads["b1"] = dz1.mean(axis=0)', "gradients"),
    log_epsilon="1e-12",
    architecture=TWO_LAYERS,
)
style(
    "kaggle_fixed_classes.py",
    mistake(
        "one-hot off by one",
        "one_hot_Y[np.arange(Y.size), Y] = 1",
        "one_hot_Y[np.arange(Y.size), Y - 1] = 1",
        (*LOSS, "gradients"),
    ),
    mistake("relu derivative missing", " * ReLU_deriv(Z1)", "", "gradients"),
    samples="columns",
    weights="out_in",
    seeding="global",
    log_epsilon="1e-9",
    architecture="[*, *, 5]",
)
style(
    "logprob_losses.py",
    mistake("1/N missing everywhere", "    dscores /= n\n", "", "gradients"),
    mistake(
        "labels not shuffled",
        "backward(params, logp, cache, y[pick])",
        "backward(params, logp, cache, y[start:start + batch_size])",
        "training",
    ),
    output="logits",
    initialization="he",
    architecture=THREE_LAYERS,
)
style(
    "properties_equal_batches.py",
    mistake("relu derivative missing", " * (self._Z1 > 0)", "", "gradients"),
    mistake(
        "last batch dropped",
        "int(np.ceil(len(X) / batch_size))):",
        "int(np.ceil(len(X) / batch_size)))[:-1]:",
        "training",
    ),
    initialization="he",
    log_epsilon="1e-12",
    architecture=TWO_LAYERS,
)
style(
    "sequential_zero_grad.py",
    mistake("db averaged twice", "grad_out.sum(axis=0)", "grad_out.mean(axis=0)", "gradients"),
    mistake("gradients accumulate over batches", "            opt.zero_grad()\n", "", "training"),
    weights="out_in",
    output="logits",
    initialization="he",
    seeding="global",
)

# Engines of automatic differentiation

style(
    "micrograd_engine.py",
    mistake("relu mask missing", "(out.data > 0) * out.grad", "out.grad", "gradients"),
    mistake(
        "gradients of a product swapped", "other.grad += self.data * out.grad", "other.grad += out.grad", "gradients"
    ),
    mistake("relu behind the last layer", "nonlin=i != len(nouts) - 1", "nonlin=True", ("shapes", "softmax")),
    weights="out_in",
    output="logits",
    initialization="any",
    seeding="global",
    lacks="a loss",
)
style(
    "tensor_autograd.py",
    mistake("relu mask missing", "(self.data > 0) * out.grad", "out.grad", "gradients"),
    mistake("gradients of a bias not summed", "grad = grad.sum(axis=0)", "grad = grad[0]", "gradients"),
    mistake("bias not added", "x @ self.weight + self.bias", "x @ self.weight", ("shapes", "softmax")),
    output="logits",
    seeding="global",
    architecture=TWO_LAYERS,
    lacks="a loss",
)

# Parameters that only training makes, and no biases

style(
    "fit_makes_parameters.py",
    mistake("1/m missing everywhere", "        d /= n\n", "", AT_ONCE),
    mistake("relu derivative missing", " * (self.h > 0)", "", AT_ONCE),
    mistake("W1 of variance 1", "np.sqrt(2 / d)", "1.0", "initialization"),
    initialization="he",
    log_epsilon="1e-12",
    architecture=TWO_LAYERS,
)
style(
    "no_biases.py",
    mistake("1/m missing everywhere", "        grad_scores /= len(y)\n", "", "gradients"),
    mistake("mask of the gradient's sign", "grad_h[h < 0] = 0", "grad_h[grad_h < 0] = 0", "gradients"),
    mistake("w2 climbs", "self.w2 -= learning_rate", "self.w2 += learning_rate", "training"),
    initialization="he",
    log_epsilon="1e-9",
    architecture=TWO_LAYERS,
)
