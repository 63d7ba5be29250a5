"""Finds a network in code that was not written for chainrule: by the names people use, and by trying what they mean.

What people write
    vocabulary      what people call things, as names/*.toml list it
    quirks          readings that one style of code needs
    structures      arrays inside objects, lists and dictionaries, and the paths to them
    namespaces      the functions and classes that a file defines itself
    binding         which value each parameter of a function is to be given
    sizing          how layer sizes go into what makes a network
    slots           where a network keeps its weights and biases

The forms a network comes in
    forms           what every form answers, and a class
    function_forms  functions
    tools, layers   classes of layers, activations and losses, and networks made of them
    recognise       which form a file has

How its operations are done
    sites           by which function, and where in its result the answer stands
    results         which part of a result is the output, the cache, the history
    gradients       gradients in results, in attributes and in updates
    adoption        parameters that are returned instead of changed
    surroundings    hyperparameters and generators around a call
    native_style    functions by themselves, and a network that needs no recognising
    calling         what functions are given, and the forward pass
    learning        gradients, steps and training
    attempts        finding out which function it is
    recognised      all of it seen as an Implementation, in the code's own conventions
"""
