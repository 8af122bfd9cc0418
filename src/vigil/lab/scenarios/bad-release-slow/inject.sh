#!/bin/sh
# The seed chooses one of the changes beside this script; it goes out through the normal deploy.
set -eu
exec "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox deploy --changes "$(dirname "$0")/changes.yaml"
