"""The plant: many small services in a process of their own, that writes down what is done to them.

It goes on while Vigil is killed and started again. What counts as done is what happened here:
a process that was started, a link that was moved. Nobody else writes its log of effects.
"""
