#!/usr/bin/env bash
# Fetches the tools that `cargo test` tries gryt's hooks and CI jobs with, into target/tools: what is
# there is found, and what is not is skipped and said.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p target/tools
cd target/tools
if [ ! -x python/bin/check-jsonschema ]; then
    python3 -m venv python
    # Later versions of check-jsonschema ask the network for CircleCI's schema.
    python/bin/pip install --quiet --disable-pip-version-check \
        --timeout 20 --retries 1 pre-commit==4.3.0 check-jsonschema==0.31.0
fi
if [ ! -x node_modules/.bin/lefthook ]; then
    # lefthook's own script would install hooks into this very repository.
    npm install --ignore-scripts --silent --no-fund --no-audit --no-save husky@9 lefthook@1
fi
