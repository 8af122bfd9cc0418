"""The console: pages for people, made here and whole without a script; what is live is added."""
