"""Where a mistake is: the line of somebody's code whose replacement makes the failing specs pass.

A change is tried in the running function, never in the file: its code object is replaced by one compiled from an edited
tree, the questions are asked again, and the function gets its own code back.
"""
