#!/bin/bash
# The resolver first, then Lambda's runtime beside it. Lambda takes the end of this process for the end of the
# environment and makes a new one: so if either of the two ends, both do.
set -euo pipefail

unbound -c /etc/perspective/unbound.conf &
resolver=$!
until (exec 3<>/dev/tcp/127.0.0.1/5335) 2>/dev/null; do
  kill -0 "$resolver" # if it is gone, its last words are in the log, and this ends here
  sleep 0.01
done

/lambda-entrypoint.sh "$@" &
wait -n || true
exit 1
