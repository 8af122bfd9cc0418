"""The runner far from its hub: it connects outwards, takes signed orders and signs their ends.

It listens on nothing. What a hub may make it do is decided here, before ``runs`` sees the order.
"""
