"""Orient: confirm the symptom, look around, rank explanations, recall what is known about them."""
