#!/usr/bin/env bash
# Holds a running portal's programs' door against its own OpenAPI document, with schemathesis in an environment of its own.
# Not part of ./run test: it takes minutes, and writes leads. Use a portal that may be thrown away, and raise the terms of
# look-ups there first, or most answers are "later".
#
#   PORTAL_KEY=jyk_… tests/contract/run.sh http://127.0.0.1:5000 [EXAMPLES] [SEED]
#
# hooks.py gives three of four people a phone number that exists: else no lead would ever be registered and asked for.
# One check is left out: that whatever fits the schema is accepted. Check digits and existing phone numbers are more than a
# schema can say.
set -euo pipefail
address=${1:?the address of a running portal}
: "${PORTAL_KEY:?a key made under My settings}"
hooks=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/hooks.py
home=${TMPDIR:-/tmp}/juyuan-contract
[[ -x $home/bin/schemathesis ]] || { python3 -m venv "$home" && "$home/bin/pip" install --quiet schemathesis==4.32.5; }
cd "$home" # what it remembers stays there
export SCHEMATHESIS_HOOKS=$hooks
exec bin/schemathesis --no-color run "$address/api/v1/openapi.json" -H "Authorization: Bearer $PORTAL_KEY" \
  --checks all --exclude-checks positive_data_acceptance --max-examples "${2:-300}" --seed "${3:-1}" --continue-on-failure
