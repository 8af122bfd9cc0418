"""What programs surely print, and the commands that ``xargs`` makes of it."""
