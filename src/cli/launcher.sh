#!/bin/sh
# "--", for Node looks for its own --env-file even behind the name of the program.
exec node -- "$(dirname "$(readlink -f "$0")")/main.js" "$@"
