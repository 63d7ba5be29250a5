"""The only package that holds live objects of the code under check: modules, classes, functions and arrays."""
