"""The words of a model as a quotation: nothing that it says is ever said in Vigil's own name.

Who reads a page at night does not ask whose sentence this is. "The gate has approved it" is a lie
when a model says so, and looks like any other sentence of Vigil's when nobody says who said it.
"""

from vigil.domain.plan import Author

_MARKS = str.maketrans(dict.fromkeys('"\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02', "'"))
"""What would look like the end of the quotation."""


def quoted(text: str) -> str:
    """Within marks that it cannot close; what says nothing stays empty."""
    return f'"{text.translate(_MARKS)}"' if text else ""


def said(author: Author, text: str) -> str:
    """A sentence of a model's."""
    return f"{author.model} says: {quoted(text)}"


def called(author: Author, title: str) -> str:
    """What a model calls a thing."""
    return f"what {author.model} calls {quoted(title)}"
