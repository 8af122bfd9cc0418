"""One small server per vendor: stateful, over real HTTP, to be told when to fail and how."""
