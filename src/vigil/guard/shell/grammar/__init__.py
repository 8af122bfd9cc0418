"""The grammar of bash: from text to ``tree``. Nothing here knows what any of it means."""
