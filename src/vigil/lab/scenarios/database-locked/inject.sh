#!/bin/sh
set -eu
if [ $((SEED % 2)) -eq 0 ]; then
    "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox deploy-harmless
fi
exec "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox alter-lines
