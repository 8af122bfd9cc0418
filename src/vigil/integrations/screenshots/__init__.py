"""Pictures that journeys took."""
