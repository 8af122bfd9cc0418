#!/bin/sh
set -eu
exec "$VIGIL_LAB_PYTHON" -m vigil.lab.toolbox deploy --changes "$(dirname "$0")/../bad-release/changes.yaml"
