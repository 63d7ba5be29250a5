"""Finds a network in code that was not written for chainrule: by the names people use, and by trying what they mean.

vocabulary    what people call things
structures    arrays inside objects, lists and dictionaries, and the paths to them
binding       which value each parameter of a function is to be given
slots         where a network keeps its weights and biases
networks      the forms a network comes in: a class, functions, objects for layers
recognised    all of it seen as an Implementation, in the code's own conventions
"""
