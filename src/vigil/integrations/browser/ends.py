"""How a step can end other than well."""


class Missed(Exception):
    """It did not go as the journey says; says what was seen instead."""


class Mistaken(Exception):
    """No page could pass it: its selector is none, say."""


class Unable(Exception):
    """This browser has not what it takes; says what, as half a sentence."""
