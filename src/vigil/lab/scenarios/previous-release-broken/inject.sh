#!/bin/sh
set -eu
here=$(dirname "$0")
"$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox deploy --changes "$here/promotions.yaml"
"$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox wait-healthy
"$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox deploy --changes "$here/promotions.yaml" --changes "$here/../bad-release/changes.yaml"
exec "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox promote
