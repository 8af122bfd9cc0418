"""What `calibration.py` is made of: houses in which runbooks help now and not then, and scores."""
