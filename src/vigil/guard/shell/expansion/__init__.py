"""What becomes of words: braces, parameters, arithmetic and splitting, in the order of bash."""
