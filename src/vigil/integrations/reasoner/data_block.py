"""Text of others on its way into a prompt: marked as data, in a mark that no text can close.

The mark is always the same, so that a prompt can be cached and compared; what keeps text inside of
it is that no ``<`` is left in the text, and not that nobody knows the mark.
"""

from vigil.integrations.reasoner.model import Piece, Said


def framed(piece: Piece) -> str:
    """One piece between its marks."""
    return f'<data name="{piece.name}">\n{piece.text.text.replace("<", "&lt;")}\n</data>'


def message(said: Said) -> str:
    """The text of a message of ours, without what its calls gave: that has a place of its own."""
    return "\n\n".join(filter(None, (*map(framed, said.pieces), said.words)))
