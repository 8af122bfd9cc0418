#!/bin/sh
set -eu
exec "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox roll-back
