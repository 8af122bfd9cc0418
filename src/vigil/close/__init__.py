"""Close: say how it ended, tell a person where one is needed, and keep the lesson."""
