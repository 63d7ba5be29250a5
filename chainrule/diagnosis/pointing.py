"""The line of a mistake by how it reads, where no change that was tried mends it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from chainrule.diagnosis.repair.edit_sites import Code
from chainrule.host.protocol import Function
from chainrule.support.source_positions import place, within

LOGARITHM = (r"\blog\w*\(", r"\b(mean|sum|average)\(")
MASK = (r"[<>]=? *0", r"relu|mask|deriv|prime|grad|where\(", r"\*")
PRODUCT = (r"@|\b(dot|matmul|outer|einsum|tensordot|multiply)\(",)
LABELS = r"\b(y\w*|t|targets?|labels?|Y\w*|T|one_?hot\w*)\b"
DOWN = (r"(@|\b(dot|matmul)\().*(\.T\b|transpose)|\.T\b.*(@|\b(dot|matmul)\()", *PRODUCT)
OF_BIASES = r"^[^=]*b[^=]*=.*\b(sum|mean|average|dot)\("
DIVIDED = r"/=? *\(?\w(?!.*\bsum\()|mean\("  # not by a sum, as softmax does
REDUCED = r"\b(sum|mean|average|max|amax)\("
UPDATE = (r"=.*\b(lr|learning_rate|alpha|eta|rate|step_size)\b", r"-=|\+=", r"\b(lr|learning_rate|alpha|eta|rate)\b")
BATCHES = r"\b(range|split|array_split|batches)\((?!.*epoch)|for .* in .*batch"
KEPT = (
    r"is None|hasattr|getattr|not in|setdefault|if .*self\.",
    r"self\.\w+ *=",
    r"self\.\w+\.(append|extend|insert)\(",
)
ADDED = r"(?!.*\b(zeros|zeros_like|empty|pad|zero_pad)\(| *None)"  # behind the `=`: more than a new array
OF_IMAGES = rf"\b(d_?([xX]|A|in|img|pad)|grad_x)\w*(\[.*\])* *[+*/]?={ADDED}"
CUT = (r"(\b(d_?([xX]|A|in)|grad_x)\w*(\[.*\])* *=|return) *\w+\[.*:.*\]", OF_IMAGES, r"return")
RANDOM = r"\b(randn?|normal|uniform|standard_normal|random|random_sample|gauss|integers|choice|zeros|ones|full)\("

SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (  # (beginning of a mistake's id, expressions, the most telling first)
    ("relu-in-place", (r"\[.*\] *\*?=|out=|[*]=",)),
    ("relu-missing", (r"\b(maximum|clip|where)\(|\brelu\b", *PRODUCT, r"return|=")),
    ("relu", (r"maximum|minimum|where|clip|max\(|[<>]", r"return|=")),
    ("activation", (r"tanh|sigmoid|expit|exp|log|where|maximum", r"return|=")),
    ("softmax-in-place", (r"[-/]=|\[.*\] *=",)),
    ("softmax-shape", (r"squeeze|ravel|flatten|reshape", REDUCED)),
    ("softmax-no-shift", (r"\bexp\(",)),
    ("softmax-other-shift", (r"\b(max|amax|mean|min|sum)\(.*\bexp\(|\b(max|amax|mean|min)\(", r"\bexp\(")),
    ("softmax-shift-after", (r"\bexp\(.*\) *- ", r"- .*\bmax\(", r"\bexp\(")),
    ("softmax-global-maximum", (r"\b(max|amax)\(", r"\bexp\(")),
    ("softmax-column-maximum", (r"\b(max|amax)\(", r"\bexp\(")),
    ("softmax-logits-clipped", (r"clip|minimum|maximum|where|\bm(in|ax)\(", r"\bexp\(")),
    ("softmax-clipped", (r"clip|maximum|minimum|where", r"return")),
    ("softmax-flushed", (r"where|[<>]", r"return")),
    ("softmax-epsilon", (r"1e-|eps", r"/")),
    ("softmax", (r"/.*\bsum\(|\bsum\(", r"/", r"\bexp\(", r"return")),
    ("loss-of-one-class", (r"\[.*\b\d+\]", *LOGARITHM)),
    ("loss-of-prediction", (r"\b(max|amax|argmax)\(", *LOGARITHM)),
    ("loss-clipped", (r"clip|maximum|minimum", *LOGARITHM)),
    ("loss-certainty-rounded", (r"clip|maximum|minimum|where", *LOGARITHM)),
    ("loss-epsilon", (r"1e-|eps", *LOGARITHM)),
    ("labels-renumbered", (r"unique|searchsorted|rank|set\(|index\(", r"eye\(|zeros\(")),
    ("loss-one-hot-classes", (r"max\(|unique|set\(", r"eye\(|zeros\(")),
    ("loss-in-place", (r"[-+*/]=|\[.*\] *=|out=",)),
    ("loss-squared-error", (r"\*\* *2|square", *LOGARITHM)),
    ("loss-softmax-twice", (r"softmax|exp\(", *LOGARITHM)),
    ("loss", LOGARITHM),
    ("gradient-nan", (r"/ *\(?1(\.0)? - ", r"/ *[A-Za-z_]", r"/")),
    ("gradient-softmax-over-batch", (r"\bsum\(.*\*|\*.*\bsum\(", r"\bsum\(", r" - ")),
    ("gradient-log-softmax-without", (r" - .*(\bexp\(|softmax|\b(p|probs?|s)\b)", r" - ")),
    ("gradient-softmax-ignored", (r"/ *[A-Za-z_(]", r"-")),
    ("gradient-softmax", (r"\(1(\.0)? - \w+\)|outer|diag", r" - ")),
    ("gradient-true-class-only", (r"\(1(\.0)? - \w+\)|outer|diag", r"-= *1| - ")),
    ("gradient-not-averaged", (rf"( - |-=).*{LABELS}|{LABELS}.*( - |-=|/)", r" - |-=", *PRODUCT)),
    ("gradient-averaged-twice", (DIVIDED,)),
    ("gradient-divided", (DIVIDED,)),
    ("array-reshaped", (r"reshape\(", *PRODUCT)),
    ("array-averaged", (DIVIDED,)),
    ("array-divided", (DIVIDED,)),
    ("gradient-one-hot", (r"eye\(|zeros\(|\[.*\] *= *1|[-]= *1", r" - ")),
    ("gradient-label-as-number", (r"- ?=? *\(?(y|labels?|targets?|t)\b", r"-=|- ")),
    ("gradient-label", (r"eye\(|zeros\(|\[.*\] *= *1|[-]= *1", r" - ")),
    ("gradients-clipped", (r"clip|minimum|maximum|norm",)),
    ("gradients-accumulate", (r"\+=",)),
    (
        "gradients-reversed",
        (
            r"return .*(\[::-1\]|revers)",
            r"(grad|\bd_?[A-Za-z]|nabla)\w*\.(append|insert)\(",
            r"append\(|\[::-1\]|revers|insert\(",
        ),
    ),
    ("gradient-weight-decay", (r"\+.*\b(w|W|weight|lam|reg|decay|l2)",)),
    ("gradient-columns", (r"\[.*\] *-=|\[.*\] *=",)),
    ("gradient-buffers-reused", (r"\[.*\] *=|out=", r"return")),
    ("gradient-shapes", (r"squeeze|ravel|flatten", r"reshape|\.T\b", r"sum\(|mean\(")),
    ("gradient-input-after-relu", (r"relu|maximum",)),
    ("gradient", (r"-= *1|[A-Za-z\])] - \(?[A-Za-z]", r"\bexp\(|softmax", r"=")),
    ("mask-of-sigmoid", (r"1(\.0)? - |\bexp\(|tanh|\*\* *2", *MASK)),
    ("mask-of-delta", (r"(relu|maximum|where)\(.*(@|dot\(|matmul\(|delta|grad)|(delta|grad|err)\w*\[.*[<>]", *MASK)),
    ("mask-added", (r" [-+] .*([<>]=? *0|relu|mask|deriv|prime|grad|where)", *MASK)),
    ("mask-is-activation", (r"\b(d|delta|err|grad|dz|da)\w* *\*?=(?!.*\] \*).*\*", r"\* *\w+(\[|$|\))", r"\*")),
    ("mask", MASK),
    ("carry-updated-weights", UPDATE),
    ("carry", DOWN),
    ("parameters-copied", (r"copy\(", *PRODUCT)),
    (
        "classes-beyond",
        (
            r"minimum|clip",
            r"eye\(|zeros\(|astype|dtype|[<>]|\b\d{2,}\b",
        ),
    ),
    ("layers-of-great-width", (r"\d{2,}", r"[<>]|min")),
    ("layers-of-one-width", (r"shape\b.*==|==.*shape\b|len\(.*==", r"if .* else|try|zip|\{")),
    ("forward-remembered", (r"\bid\(|array_equal|tobytes|hash|cache|memo", *KEPT)),
    ("batch-beyond", (r"\[.*:.*\]|[<>]|\b\d{2,}\b",)),
    ("storage-order", (r"ravel|reshape|flat|order|flags",)),
    ("inputs-of", (r"dtype|astype|float32", *PRODUCT)),
    ("results-shared", (r"\[.*\] *=|out=", r"return")),
    ("global-generator", (r"\bseed\(|random\.",)),
    ("sizes-consumed", (r"pop\(|remove\(|del |append\(|insert\(|\[.*\] *=",)),
    ("weight-gradient", DOWN),
    ("bias-gradient", (OF_BIASES, REDUCED, r"^[^=]*b[^=]*=")),
    ("array", (REDUCED, *PRODUCT)),
    ("cache-stale", KEPT),
    ("forward-stale", KEPT),
    ("forward-softmax-in", (r"softmax",)),
    ("forward-relu-on-output", (r"relu|maximum",)),
    ("forward-activation-on-output", (r"tanh|sigmoid|expit|relu|maximum|activ|where",)),
    ("forward-activation-missing", (r"relu|maximum|activ", *PRODUCT)),
    ("forward-other-network", (r"tanh|sigmoid|expit|activ|exp\(", r"return")),
    ("forward-bias", PRODUCT),
    ("forward-scaled-inputs", (r"/|\*|-",)),
    ("forward-batch-statistics", (r"mean\(|std\(|var\(",)),
    ("forward-dropout", (r"rand|binomial|choice|dropout|mask",)),
    ("forward-shape", (r"squeeze|ravel|flatten|reshape", r"\.T\b", r"return")),
    ("forward-logits", (r"return",)),
    ("forward-integers", (r"dtype|astype|int|asarray|array\(", *PRODUCT)),
    ("forward", PRODUCT),
    ("network-arguments-changed", (r"[-+*/]=|\[.*\] *=|out=",)),
    ("network-parameters-shared", (r"copy\(", r"self\.\w+ *=")),
    ("returns-in-loop", (r"return",)),
    ("integer-division", (r"//",)),
    ("predict", (r"argmax|argmin|max\(|round|[<>]", r"return")),
    ("step-rate", UPDATE),
    ("step-clips", (r"clip|minimum|maximum|\bmin\(|norm", *UPDATE)),
    ("step", UPDATE),
    ("fit-whole-set", (r"(backward|backprop|grad|step|update|train)\w*\(",)),
    ("fit-holds-out", (r"^\w+(, \w+)* = .*\[[^\]]*:[^\]]*\]|val|held", r"\[[^\]]*:[^\]]*\]")),
    ("fit-hides-nan", (r"nan|isfinite", r"\[\w+\]")),
    ("fit-clips-gradients", (r"\bmin\(|clip|minimum", r"norm")),
    ("fit-with-replacement", (r"choice\(|integers\(|randint\(|random_indices", r"\[[^\]]*:[^\]]*\]", r"\brange\(")),
    ("fit-labels-not-shuffled", (r"shuffle\(|permutation\(", r"\[")),
    ("fit-one-update", (r"(step|update)\w*\(", BATCHES, r"\brange\(")),
    ("fit-not-shuffled", (r"permutation\(|shuffle\(", BATCHES, r"\brange\(")),
    ("fit-same-order", (r"permutation\(|shuffle\(", r"default_rng\(|seed\(")),
    ("fit-shuffles-in-place", (r"shuffle\(|\[.*\] *=",)),
    ("fit-seed-unused", (r"permutation\(|shuffle\(|default_rng\(|seed\(|choice\(",)),
    ("fit-begins-again", (r"__init__|init|rand|reset|copy",)),
    ("fit-epochs", (r"\brange\(",)),
    ("fit-rate-fixed", (r"(step|update|descen)\w*\(|=.*\b(0?\.\d+|1e-\d)", r"\b(lr|learning_rate|alpha|eta|rate)\b")),
    ("fit-rate", (r"\b(lr|learning_rate|alpha|eta|rate)\b",)),
    ("fit-along-sum", (r"sum\(|/|mean\(", *UPDATE)),
    ("fit-averaged", (r"/",)),
    ("fit-divided", (r"/",)),
    ("fit-last-batch-full", (r"/ *\(?(self\.)?(batch\w*|bs|B|size)\b", r"/")),
    ("fit-last-batch", (r"//|\brange\((?!.*epoch)|split\(", r"/")),
    ("fit", (BATCHES, r"\brange\(|while", *UPDATE)),
    ("history-adds-up", (r"^\w+ *= *0(\.0*)?$", r"\+=", r"append\(|history|losses", r"return")),
    ("history-summed", (r"append\(.*/", r"\+=", r"append\(|history|losses", r"return")),
    ("history", (r"append\(|history|losses", r"return")),
    ("init-zero", (r"(zeros|full|ones|empty)\w*\(", RANDOM)),
    ("init-biases-in-one-array", (r"(zeros|ones|empty)\(\w+\[1:\]\)",)),
    ("init-bias-shape", (r"\b(zeros|zeros_like|ones|full|empty)\(", r"bias|\bb\w*")),
    ("init-bias", (r"b[^=]*=.*(zeros|ones|full|rand|normal|uniform)", RANDOM)),
    ("init-seed", (r"default_rng\(|\bseed\(|RandomState\(", RANDOM)),
    ("init-generator", (r"default_rng\(|\bseed\(|RandomState\(", RANDOM)),
    ("init-layers-alike", (r"default_rng\(|\bseed\(|RandomState\(", RANDOM)),
    ("init-shared", (r"\] for |\] \* |cache|\{", r"=")),
    ("init-sizes", (r"zip\(|\bxavier\(|\b(zeros|uniform|normal|randn?)\(|range\(", r"\[.+\]")),
    ("init-positive", (RANDOM,)),
    ("init-distribution", (RANDOM,)),
    ("init-units", (r"repeat|tile|\[.*\] *=|\* *ones", RANDOM)),
    ("init-constant-scale", (RANDOM, r"\*")),
    ("init", (r"sqrt\(|\*\* *-?0?\.5", RANDOM)),
    ("optimizer-objects", (r"\w+ *= *(\{\}|\[\]|None)$", r"zeros")),
    ("optimizer-memory", (r"zeros", r"=.*(momentum|beta|decay|rho|mu)")),
    ("optimizer-writes", (r"\b(g|dw|grad\w*)(\[.*\])? *[-+*/]=", r"=")),
    ("optimizer", (r"[-+]=|=.*-.*(lr|rate|eta|alpha)", *UPDATE)),
    ("momentum", (r"=.*(momentum|mu|beta|gamma).*[-+]", r"(lr|rate)")),
    ("rmsprop", (r"=.*(decay|rho|beta).*[-+]|\*\* *2|square", r"sqrt\(")),
    ("epsilon", (r"sqrt\(", r"eps")),
    ("adam-count", (r"\b(t|iter\w*|step\w*)\b.*[-+]?= *\d", r"\*\*")),
    ("adam-correct", (r"\*\* *\(?(\w+\.)?(t|iter\w*|step\w*)", r"sqrt\(")),
    ("adam-without-root", (r"eps", r"/")),
    ("adam-without-correction", (r"sqrt\(", r"/")),
    ("adam", (r"=.*beta.*[-+]", r"sqrt\(")),
    (
        "batchnorm-dgamma",
        (r"d_?gamma.*=.*(sum|mean|einsum)|dweights.*=|grads\[.gamma.*\+?=", r"return .*\bd\w*.*sum\("),
    ),
    ("batchnorm-dbeta", (r"d_?beta.*=.*(sum|mean|einsum)|dbiases.*=|grads\[.beta.*\+?=", r"return .*\bd\w*.*sum\(")),
    ("batchnorm-gradients", (r"return .*d_?(gamma|beta)", r"d_?gamma|d_?beta")),
    ("batchnorm-running-in", (r"= *\(?self\.(running|moving)\w*(,|$)", r"- .*(running|moving)")),
    ("batchnorm-running-deviation", (r"var\w* *=.*(momentum|rate|decay)", r"(running|moving).*=")),
    ("batchnorm-running", (r"(running|moving|mean|var)\w*.*=.*(momentum|rate|decay)", r"(running|moving).*=")),
    ("batchnorm-evaluation-learns", (r"(running|moving)\w*.*=.*\b(mean|var)\(", r"(running|moving)\w*.*=")),
    (
        "batchnorm-evaluates",
        (r"sqrt\(.*(running|moving)|-.*(running|moving)|= *self\.(running|moving)", r"sqrt\(", r"/"),
    ),
    ("batchnorm-arguments", (r"[-+*/]=|\[.*\] *=|out=",)),
    ("batchnorm-remembers", KEPT),
    ("batchnorm-dvariance", (r"d_?var.*=.*sum", r"d_?var", r"\bd_?x\w* *[-+*]?=", r"return .*\bd[a-zA-Z_]*\b")),
    ("batchnorm-dx-sign", (r"d_?var.*=.*sum", r"d_?mu.*=|d_?mean.*=", r"\bd_?x *[-+*]?=", r"return .*\bd[a-zA-Z_]*\b")),
    ("batchnorm-dx-without-gamma", (r"\bd_?x\w* *=", r"return .*\bd[a-zA-Z_]*\b")),
    ("batchnorm-deviation", (r"\bstd\(", r"sqrt\(")),
    ("batchnorm-d", (r"\bd_?x *[-+*]?=", r"dinputs *=", r"return .*\bd[a-zA-Z_]*\b", r"return \w+( / .*)?$")),
    ("batchnorm-mean-constant", (r"\bd_?x *=", r"dinputs *=", r"return .*\bd[a-zA-Z_]*\b", r"return \w+ / ")),
    ("batchnorm-variance-constant", (r"\bd_?x *=", r"dinputs *=", r"return .*\bd[a-zA-Z_]*\b", r"return \w+ / ")),
    ("batchnorm-statistics-constant", (r"\bd_?x *=", r"dinputs *=", r"return .*\bd[a-zA-Z_]*\b", r"return .* / ")),
    ("batchnorm-gamma", (r"(gamma|weights).*\* .*\+|\+ *(self\.)?(beta|biases)", r"return")),
    ("batchnorm-beta", (r"(gamma|weights)\w* *\*|\* *(self\.)?(gamma|weights)", r"return")),
    ("batchnorm-integers", (r"zeros_like|empty_like|dtype|astype", r"return")),
    ("batchnorm-epsilon", (r"sqrt\(|\*\* *-?0?\.5", r"/")),
    ("batchnorm-root", (r"\+ *(self\.)?eps\w*", r"/")),
    ("batchnorm-not-centred", (r"=.*\b[xX]\w* [*/] ", r"/")),
    ("batchnorm", (r"\b(var|std)\(|var\w* *=.*(mean|sum)\(", r"\bmean\(", r"sqrt\(|\*\* *-?0?\.5", r"return")),
    ("convolution-gradients", (r"return .*d_?[wbWB]", r"return")),
    (
        "convolution-db",
        (rf"(\bd_?b\w*(\[.*\])*|grad_b\w*|\[.b\w*.\]) *\+?={ADDED}", r"sum\("),
    ),
    (
        "convolution-dw",
        (rf"(\bd_?[wWkK]\w*(\[.*\])*|grad_w\w*|\[.[wW]\w*.\]) *\+?={ADDED}", *PRODUCT),
    ),
    *((f"convolution-dx-{kind}", CUT) for kind in ("empty", "padded", "cut")),
    ("convolution-dx", (OF_IMAGES, r"return .*\[", *PRODUCT, r"return")),
    ("convolution-padding", (r"\bpad\(", r"\bpad\w*\b", r"zeros")),
    ("convolution-si", (r"//|/ *(self\.)?s\w*\b.*1|\bint\(", r"shape")),
    ("convolution-stride", (r"\b(stride|s)\b",)),
    ("convolution-windows", (r"\[.*:.*\]", r"\b(stride|s)\b")),
    ("convolution-bias", (r"\+ *(self\.)?[\w.\[\]\"']*b(ias\w*)?\b", r"\bb(ias\w*)?\b", *PRODUCT)),
    ("convolution-activation", (r"maximum|relu|tanh|exp\(|activ|where", r"return")),
    ("convolution-integers", (r"zeros_like|empty_like|dtype|astype", r"return")),
    ("convolution-storage", (r"as_strided|ravel|order|flat",)),
    ("convolution-arguments", (r"[-+*/]=|\[.*\] *=|out=",)),
    ("convolution-output", (r"transpose|reshape|swapaxes|moveaxis", r"return")),
    ("convolution-columns", (r"transpose|reshape", *PRODUCT)),
    ("convolution-filter-reshaped", (r"[wW]\w*\.reshape|reshape",)),
    ("convolution", (r"=.*(@|\b(sum|dot|einsum|tensordot|matmul)\()", r"=.*\*", r"return")),
    ("pooling-ties", (r"==(?! *[\"'])", r"mask|arg_?max", r"d_?[xX]\w*(\[.*\])* *\+?=")),
    (
        "pooling-gradient-of-neighbours",
        (r"\b(hs?|ws?|i|j|top|left|rows?|col\w*)\b.*= *\(?[ij]\b(?!.*[sS])", r"\[.*:.*\]", r"\b(stride|s)\b"),
    ),
    ("pooling-gradient-elsewhere", (r"divmod|unravel", r"arg_?m(ax|in)\(", r"mask|==", r"%|//")),
    ("pooling-gradient-overwritten", (r"\b(d_?([xX]|A|in|img|pad)|grad_x)\w*(\[.*\]) *=", r"return")),
    (
        "pooling-gradient",
        (r"\b(d_?([xX]|A|in|img|pad)|grad_x)\w*(\[.*\])+ *[-+*/]?=", r"mask|==", r"= .*\* *\w+", r"return"),
    ),
    ("pooling-from-zero", (r"maximum|max\( *0|, 0\)", r"zeros|\bpad\(", r"\bmax\(")),
    ("pooling-size-ignored", (r"\[.*:.*\]", r"\b(stride|s)\b")),
    ("pooling-si", (r"//|/ *(self\.)?s\w*\b.*1|\bint\(", r"shape")),
    ("pooling-stride", (r"\b(stride|s)\b",)),
    ("pooling-windows", (r"\[.*:.*\]", r"\b(stride|s)\b")),
    ("pooling-integers", (r"full|zeros_like|empty_like|dtype|astype", r"return")),
    ("pooling-storage", (r"as_strided|ravel|order|flat",)),
    ("pooling-arguments", (r"[-+*/]=|\[.*\] *=|out=",)),
    ("pooling-output", (r"\bout\w*\b.*(transpose|reshape)", r"transpose|reshape|swapaxes|moveaxis", r"return")),
    ("pooling-one-channel", (r"\[.*:.*\]", r"\b(a?max|max)\(")),
    ("pooling-part", (r"\[.*:.*\]", r"\brange\(", r"\b(a?max|max)\(")),
    ("pooling", (r"\b(a?max|a?min|mean|sum|median|average|abs)\(", r"\[.*:.*\]", r"return")),
    ("l2-layer", (r"\w+ *=[^=].*(sum|norm|\*\* *2|square)", r"range\(|\bfor\b", r"return")),
    ("l2-biases", (r"\bb\w*\b.*(\*\* *2|square|\*)|values\(\)", r"return")),
    ("l2-writes", (r"(\*\*|[*/])=", r"=")),
    ("l2-missing-in-loss", (r"return .*loss|loss *=|cost *=",)),
    ("l2-missing-in-gradient", (r"\bd?[wW]\w*(\[.*\])* *=.*(@|dot\()", r"return")),
    ("l2-gradient", (r"(reg|lam\w*|l2|alpha|decay|lmb?da) *[*/]|\* *(self\.)?(reg|lam\w*|l2|alpha)", r"return")),
    ("l2", (r"sum\(|norm\(|mean\(|abs\(|\*\* *2|square\(", r"(reg|lam\w*|l2|alpha|decay) *[*/]", r"return")),
    ("dropout-mask-repeats", (r"seed\(|default_rng\(|is None|RandomState\(", RANDOM)),
    ("dropout-mask", (RANDOM, r"mask|[<>]")),
    ("dropout-normal", (r"randn|normal", RANDOM)),
    ("dropout-keeps", (r"[<>]|binomial|choice", RANDOM)),
    ("dropout-generator", (RANDOM,)),
    ("dropout-rate", (r"[<>]|binomial|choice", RANDOM)),
    ("dropout", (r"mask|keep|drop", r"[*/]", r"return")),
    ("schedule", (r"\*\*|cos\(|//", r"return")),
    ("layer-mask", MASK),
    ("layer", (REDUCED, *PRODUCT, r"return")),
)


def likeness(mistake: str, text: str) -> int:
    """How little a statement reads like a mistake: 0 for the most telling expression."""
    signs = signs_of(mistake)
    return next((i for i, sign in enumerate(signs) if re.search(sign, text)), len(signs))


def least_unlike(mistake: str, function: Function) -> int:
    """The likeness of the statement of a function that reads most like a mistake."""
    return min((likeness(mistake, text) for _, text in statements(function)), default=len(signs_of(mistake)))


def signs_of(mistake: str) -> tuple[str, ...]:
    """The expressions by which the line of a mistake is known, the most telling first."""
    return next((signs for begin, signs in SIGNS if mistake.startswith(begin)), ())


def pointed(mistake: str, functions: Sequence[Function]) -> tuple[str, str] | None:
    """(`file:line` of the statement that reads like the mistake, the others that do, in words); None if none does.

    functions: those that ran, the likeliest first.
    """
    for sign in signs_of(mistake):
        for function in functions:
            found = [line for line, text in statements(function) if re.search(sign, text)]
            if found:
                others = [within(function.filename, line) for line in dict.fromkeys(found) if line != found[0]]
                return place(function.filename, found[0]), " or ".join(others)
    return None


def statements(function: Function) -> Iterator[tuple[int, str]]:
    """(line, first line of its text) of every statement that ran, or is in a function inside."""
    code = Code(function)
    if isinstance(code.node, ast.Lambda):
        yield code.node.lineno, ast.unparse(code.node.body)
        return
    for statement, nested in sorted(inside(code.node), key=lambda found: found[0].lineno):
        if nested or any(statement.lineno <= line <= (statement.end_lineno or line) for line in function.lines):
            yield statement.lineno, ast.unparse(statement).splitlines()[0]


def inside(function: ast.AST, nested: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """The statements of a function, without its documentation, and whether they are of a function in it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.FunctionDef):
            yield from inside(node, nested=True)
        elif isinstance(node, ast.stmt) and not isinstance(node, ast.ClassDef):
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                yield node, nested
            yield from inside(node, nested)
