"""`vigil audit` and nothing else of Vigil: what an outsider runs."""

from vigil.cli.audit import audit_app

if __name__ == "__main__":
    audit_app()
