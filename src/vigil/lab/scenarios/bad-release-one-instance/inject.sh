#!/bin/sh
# The seed chooses the change, and the instance that meets it.
set -eu
exec "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox deploy --stops-half-way --changes "$(dirname "$0")/../bad-release/changes.yaml"
