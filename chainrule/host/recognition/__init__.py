"""Finds a network in code that was not written for chainrule, by common names and by calls.

What people write
    vocabulary      the names that people use, as listed in names/*.toml
    quirks          readings that one style of code needs
    structures      arrays inside objects, lists and dictionaries, and the paths to them
    namespaces      the functions and classes that a file defines itself
    binding         the value for each parameter of a function
    call_sites      the file's own calls, with arguments that are literals
    sizing          the parameters that take layer sizes
    configurations  layer sizes in a configuration
    boxes           objects that hold one number or array
    slots           where a network keeps its weights and biases

The forms a network comes in
    forms           the interface of all forms, and a class
    function_forms  functions
    tools, layers   classes of layers, activations and losses, and networks made of them
    fitted_form     a class whose training makes the parameters
    folded          networks without biases, or with biases inside the weights
    nodes           engines of automatic differentiation
    recognise       which form a file has

How its operations are done
    plans           the function, and the place of the answer in its result
    results         which part of a result is the output, the cache, the history
    gradients       gradients in results, in attributes and in updates
    adoption        parameters that are returned instead of changed
    surroundings    hyperparameters and generators around a call
    native_style    functions outside the network, and a network in the native style
    calling         arguments of functions, and the forward pass
    learning        gradients, steps and training
    attempts        finding the function of an operation
    recognised      the network as an Implementation, in the code's own conventions
"""
