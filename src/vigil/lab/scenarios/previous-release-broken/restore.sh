#!/bin/sh
set -eu
"$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox remove-entries
exec "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox roll-back
