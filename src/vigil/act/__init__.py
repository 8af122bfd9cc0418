"""Act: run the plan that was judged, one action after the other, up to the first surprise."""
