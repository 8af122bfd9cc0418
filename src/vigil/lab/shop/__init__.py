"""A small web shop: catalogue, basket, checkout, order status; and the worker that fulfils."""
