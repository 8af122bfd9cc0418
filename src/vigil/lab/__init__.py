"""The lab: a real web shop to break, and a judge that looks at the shop itself.

What may live here: the shop's own programs (`shop/`), its services and their start and end, what
breaks it (`scenarios/`), and the judge. The lab knows `vigil.domain` and nothing else of Vigil; it
speaks to Vigil through its public HTTP interface only, as Alertmanager would.
"""
