"""What people call things: the roles of parameters, and the names of functions, in code written from scratch.

A name is compared without case and underscores.  docs/recognised.md lists these tables for readers.
"""

from __future__ import annotations

import re
from functools import lru_cache

# What a parameter of a function is for, by its name.  The first role that matches holds.
ROLES: dict[str, str] = {
    "lr": r"lr|learning?rate|lrate|alpha|eta|rate|stepsize|learningrateinit|learningrate0|lr0",
    "epochs": r"(n|num|nb|max|no|noof|total|numberof)?(epochs?|iters?|iterations?|itrs?|steps)|(n|num|"
    r"max)iter(ation)?s?",
    "batch_size": r"(mini)?batch(es)?size|batch|bs|bsize|minibatch|sizebatch|mbsize|sizeofbatch|sizeminibatch",
    "seed": r"(random|rng|np)?(seed|state)",
    "rng": r"rng|generator|gen|prng|rs|randomgenerator",
    "reg": r"reg|regularization|regstrength|lambda\w*|lambd|lam|lmbda|l1|l2|l2reg|l1reg|weightdecay\w*|wd|decay|"
    r"l2lambda|lrdecay|learningratedecay|momentum|mu|dropout(rate|prob)?|pdrop|droprate|noise",
    "keep_prob": r"keepprob\w*|dropoutkeep\w*|keepratio|retain\w*",
    "quiet": r"verbose|print\w*|(iter|step)?logs?|log(ging|every|interval|freq|steps?|iter|loss|cost)|\w*every|"
    r"\w*interval|\w*freq|show\w*|plot\w*|debug|display|visuali[sz]e|savef?i?g?u?r?e?s?|animate",
    "activation": r"(hidden)?(act|activations?|activationfunctions?|activationfn|nonlinearity|hiddenactivation)(s|"
    r"func)?",
    "output_gradient": r"dout|dy|grady?|dvalues|dl?dy|outputgradient|gradoutputs?|upstream\w*|dz|da|dal|lossgrad\w*|"
    r"outgrad|outputerror|error|err|gradientoutput|accumgrad|dscores|dldout",
    "output": r"(y|t)?_?(hat|pred\w*|preds)|yhat\w*|ypred\w*|pred(s|ictions?|icted\w*)?|outputs?|out|prob\w*|scores?|"
    r"logits?|al|a|a[2-9]|a_?out|alast|softmaxout\w*|p|q|yp|yh|o|aout|yprob\w*|ycap|finaloutput|networkoutput|"
    r"finalactivation|h",
    "y": r"y|ys|t|yy|labels?|targets?|y(train|batch|true|onehot|oh|labels?|b|mb|tr|enc|data|actual|mini|set|gt|one|"
    r"hot|real)|(train|batch|true|training|onehot|real|actual|correct|desired|expected|mini|gold|one|sample|"
    r"target)_?(y|ys|labels?|targets?|outputs?|classes|values?|onehot|vector|output)|ylabels?|y_?one_?hot|onehoty?|"
    r"groundtruth|truth|gt|expected|actual|classes|ytrue\w*|ytrain\w*|ybatch\w*|trainlabels?\w*|tlabels|yenc|ymini|"
    r"ytr|yset|yoh|yi",
    "x": r"x|xs|inputs?|data|features?|images?|samples?|img|batch|imgs|x(train|batch|b|mb|data|in|tr|inputs?|mini|"
    r"set|input|i)|(train|batch|input|training|mini|in|sample|layer)_?(x|xs|inputs?|data|images?|features?|samples?|"
    r"set|vector|array|batch)|a0|aprev|xtrain\w*|xbatch\w*|trainx|inputdata|inputvector|inputarray|value|vector|z|"
    r"trainingdata|trainingsets?|examples?|pairs|dataset",
    "params": r"(model|net|network|nn|all)?_?(params?|parameters?|weights?|theta|model|net|network|nn|w|wb|"
    r"weightsandbiases|paramvalues|paramsvalues|layers)(dict|list|s)?",
    "cache": r"(forward|fwd|fp|model|layer)?_?(caches?|memory|store|stored|intermediates?|activations?|states|"
    r"values?|memo|outs|results?|vals|layeroutputs|activationcache|history|forwardpass|ctx|tape)",
    "grads": r"(all|param|weight|d)?_?(grads?|gradients?|deltas?|derivatives?|derivs?|updates?|dparams|gradsvalues|"
    r"gradvalues|nabla|changes|newgrads)(dict|list)?",
    "samples": r"m|n|numsamples|nsamples|numexamples|nexamples|batchn|numtrain|msamples|numdata|mtrain|ntrain",
    "validation": r"(x|y)?(val|valid|validation|test|dev|eval|holdout)\w*",
    "train_mode": r"train|training|istraining|trainflag|istrain|mode",
    "optimizer": r"opt|optim|optimi[sz]er\w*|updaterule",
}  # fmt: skip

# Layer sizes, among the parameters of what makes a network.
SIZES: dict[str, str] = {
    "sizes": r"(all|layer|layers|network|nn|net|num|n)?_?(sizes?|widths?|dims?|dimensions?|architecture|arch|"
    r"topology|structure|shape|units|neurons|nodes|layers?|layerslist|config|hiddensizesall)(list|s)?|layerdims?|"
    r"layersdims|layersizes|layerssizes|layersdim|layerunits|nlist|ns|layernodes|neuronsperlayer|unitsperlayer",
    "inputs": r"(n|num|no|number|size|dim|nb)?_?(of)?_?(inputs?|input_?(size|dims?|dimensions?|nodes|neurons|units|"
    r"features|shape|layer|layersize|layerneurons|num|number|n|count|width|len|length)|inp|in|nx|features|infeatures|"
    r"indim|insize|innodes|x|ninput|ninputs|inputfeatures|pixels|in_?size|fanin|inputlayer\w*)|d|di|din|ni|nin|"
    r"nfeatures|nodesin|i|s0|inodes|dimin|sizein|sizeinput|inunits|xdim|nin|inneurons|layer0\w*|sizelayer0",
    "hiddens": r"(n|num|no|number|size|dim|nb)?_?(of)?_?hidden_?(sizes|dims|layers?|layersizes|units|neurons|"
    r"layerssizes|layersdims|nodes|list|layerdims|structure|architecture)(list|s)?|hiddens|hs|hidden\w*(list|sizes|"
    r"dims|layers|config|shape|tuple)",
    "hidden": r"(n|num|no|number|size|dim|nb)?_?(of)?_?(first|second|third)?_?(hidden|hid|h|hl|"
    r"hn)_?(layer)?_?\d*_?(size|dims?|dimensions?|nodes|neurons|units|layer|layersize|num|n|count|width)?_?\d*|nh\d*|"
    r"hnodes|nhid|d(hidden|hid|h)\d*|nhidden\d*|hiddenlayer\w*|layer\d(size|units|nodes|neurons)?|unitsh\d*|l\d(size|units)?|"
    r"sizelayer\d|midsize\w*|n\d|nodeshidden",
    "outputs": r"(n|num|no|number|size|dim|nb)?_?(of)?_?(outputs?|output_?(size|dims?|dimensions?|nodes|neurons|"
    r"units|features|layer|layersize|layerneurons|num|number|n|count|shape|classes)|out|ny|classes|outfeatures|"
    r"outdim|outsize|labels|y|categories|noutput|noutputs|fanout|outputlayer\w*|classcount|targets)|k|c|do|dout|no|"
    r"nout|nclass(es)?|nodesout|o|onodes|numclass|dimout|sizeout|sizeoutput|outunits|ydim|numlabels|outneurons|digits",
}  # fmt: skip

# What functions and methods are called, the contract's own name first.
OPERATIONS: dict[str, str] = {
    "relu": r"relu|rectifiedlinear|rectifier|reluactivation|activationrelu|relufunction|fnrelu|relufn",
    "softmax": r"softmax|stablesoftmax|softmaxactivation|activationsoftmax|softmaxfunction|softmaxstable|softmaxfn|"
    r"numpysoftmax",
    "cross_entropy": r"(categorical|softmax)?crossentropy(loss|error|cost)?|crossentropyloss|"
    r"categoricalcrossentropy\w*|nll(loss)?|negativeloglikelihood|logloss|celoss|xent|ce|crossentropybatch",
    "xavier": r"(init)?(xavier|glorot)(uniform|normal)?(init|initiali[sz]ation|initiali[sz]er|weights)?",
    "forward": r"forward|forward(pass|prop|propagation|propagate|propogation|propogate|feed|step|all)|feedforward|"
    r"fprop|l?modelforward|nnforward|forwardmodel|networkforward|fwd|propagate|mlpforward|predictprob\w*|proba|"
    r"__call__|call|hypothesis|getoutput|computeoutput|fp|feedfwd|feed|run|think|query|activate|infer|inference|"
    r"evaluate|forwardl?model\w*|neuralnet(work)?|(get)?logits|fullforward\w*|compute|output|netforward|scores?",
    "loss": r"loss|cost|(compute|calc|calculate|get|find|eval|evaluate|calcul)?(the)?(total|mean|average|avg)?(loss|"
    r"cost|crossentropy\w*|error)|(loss|cost)(and)?(grads?|gradients?)|(loss|cost)(function|fn|func|val|value)?|"
    r"categoricalcrossentropy\w*|crossentropy(loss|cost|error)?|computecrossentropy\w*|nll|nllloss|"
    r"negativeloglikelihood|objective|logloss|celoss|costfunc|multiclasscrossentropy|getcostvalue|j|"
    r"softmaxcrossentropy\w*|computemulticlassloss|crossentropymulti\w*",
    "backward": r"backward|backward(pass|prop|propagation|propagate|propogation|step|all)|back|backprop|"
    r"backprop\w*agat\w+|backpropog\w+|bprop|lmodelbackward|modelbackward|nnbackward|backwardmodel|networkbackward|"
    r"bwd|gradients?|grads?|(compute|calc|calculate|get|find)(the)?(grads?|gradients?)|mlpbackward|bp|"
    r"fullbackward\w*|netbackward|lossandgrad\w*|computegrads\w*|gradfn|dloss",
    "step": r"step|update|update(params?|parameters?|weights?|weightsandbiases|weightsbiases|network|all|model)?|"
    r"apply(grads?|gradients?|updates?)|optimi[sz]e(params?)?|updateparam\w*|gradientdescent(step|update)|sgd(step|"
    r"update)|gradientstep|paramsupdate|adjust\w*|descend|gradientdescent|sgd|optimi[sz]erstep|"
    r"updateparameterswithgd|updatemodel",
    "fit": r"fit|train|train(network|model|nn|mlp|loop|ing|all|epochs?|step|onbatch|onebatch|onestep|iteration|net|"
    r"classifier|sgd|minibatch\w*|batch|gd|neural\w*)|training(loop)?|learn|sgd|gradientdescent|minibatch\w*|"
    r"stochastic\w*|partialfit|batchgradientdescent|optimi[sz]e|model|nnmodel|l?layermodel|neuralnetwork|runtraining|"
    r"trainmodel\w*|mlptrain|fitmodel|llayermodel|nlayermodel|nn|run|solve",
    "predict": r"predict|predict(class|classes|labels?|ions?|digit|all|batch|model|nn)?|getpredictions?|classify|"
    r"inferlabels|makepredictions?|predictclass\w*|getlabels|getpreds|prediction",
    "init": r"init|init(iali[sz]e)?_?(params?|parameters?|weights?|network|model|nn|weightsandbiases|weightsbiases|"
    r"all|layers?|parametersdeep|paramsdeep|theta|deep|mlp|net|wb|wandb|nnparams)?(deep|he|xavier|random|rand|glorot|"
    r"zeros|l)?|initiali[sz]er?|initiali[sz]ation|(create|make|build|new|random|get|generate|setup)_?(params?|"
    r"parameters?|weights?|network|model|nn|mlp|net)|paramsinit\w*|weightinit\w*|init\w*params\w*|nninit|"
    r"initializelayers|initializeparameters\w*",
}  # fmt: skip

# What a loss takes that takes no probabilities; a negative log-likelihood by name takes either.
LOG_PROBABILITIES = r"\w*log_?(p|q|probs?|probabilit(y|ies)|softmax\w*|likelihoods?)|lp|logps"
NLL = r"\w*(nll|negativeloglikelihood)\w*"

CLEARS = r"(zero|clear|reset)_?grad(ient)?s?"  # what sets gradients that add up to zero

NETWORK_CLASSES = r"mlp|(\w*)(neural_?net(work)?|network|mlp|perceptron|net|nn|model|classifier|softmaxregression)(\w*)"
LAYER_CLASSES = (
    r"\w*(layer|dense|linear|affine|neuron|activation|relu|sigmoid|tanh|softmax|loss|optimi[sz]er|dropout|batchnorm)\w*"
)
NOT_PARAMETERS = (
    r"(d|grad|g|delta|nabla|dl|del)_?(w|b|weights?|bias(es)?|theta|kernel|gamma|beta)_?\d*|.*grad.*|.*momentum.*|.*veloc.*|"
    r".*prev.*|.*cache.*|.*best.*|.*(delta|adam|rms|moment|history|accum).*|[vms]_?(d|t)?_?[wb]_?\d*|(dweights|dbiases)\d*"
)
GRADIENTS = (
    r"(d|grad|g|delta|nabla|dl|del|dloss)_?(w|b|weights?|bias(es)?|theta|kernel|params?)_?\d*|nabla.*|"
    r".*(grad|gradient|delta|derivative|deriv)s?\d*"
)
NOT_THE_LOSS = r".*(deriv|prime|grad|backward|delta|history|plot|acc)\w*"
NETWORK_WORDS = ("neuralnetwork", "neuralnet", "network", "model", "mlp", "nn", "net")
PREFIXES = (*NETWORK_WORDS, "my", "numpy", "np", "llayer", "l", "full")
SUFFIXES = (*NETWORK_WORDS, "numpy", "all", "batch")


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name without case, underscores and whatever marks it as private."""
    return name.replace("_", "").lower()


def matches(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern, plain(name)) is not None


@lru_cache(maxsize=4096)
def rank(operation: str, name: str) -> int | None:
    """How well a name says that it is this operation: 0 the contract's own name, then by the table's order; None not
    at all.
    """
    if plain(name) == plain(operation):
        return 0
    alternatives = split_alternatives(OPERATIONS[operation])
    for further, form in enumerate(name_forms(plain(name))):
        place = next((i for i, pattern in enumerate(alternatives, 1) if re.fullmatch(pattern, form)), None)
        if place is not None:
            return place + 1000 * further
    return None


def name_forms(name: str) -> list[str]:
    """A name as it is, and without words that only say that it belongs to a network."""
    shorter = [name.removeprefix(word) for word in PREFIXES if name.startswith(word) and len(name) > len(word) + 2]
    shorter += [name.removesuffix(word) for word in SUFFIXES if name.endswith(word) and len(name) > len(word) + 2]
    return [name, *shorter]


@lru_cache(maxsize=64)
def split_alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern at its top level."""
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(pattern):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            parts.append(pattern[start:i])
            start = i + 1
    return [*parts, pattern[start:]]


@lru_cache(maxsize=4096)
def role(name: str) -> str | None:
    """What a parameter of that name is for, or None."""
    return next((role for role, pattern in ROLES.items() if matches(pattern, name)), None)


@lru_cache(maxsize=4096)
def size_role(name: str) -> str | None:
    """Which layer sizes a constructor's parameter of that name takes, or None."""
    return next((role for role, pattern in SIZES.items() if matches(pattern, name)), None)
