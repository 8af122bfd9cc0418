"""What was deployed."""
