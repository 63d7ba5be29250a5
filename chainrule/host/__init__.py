"""The one room that holds live objects of the code under check: modules, classes, functions and arrays."""
