"""Verify: prove from the user's side that the plan helped and that nothing else got worse."""
