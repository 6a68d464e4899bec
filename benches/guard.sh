#!/usr/bin/env bash
# Fails when a call of the attribute takes more instructions than it may. Counted under valgrind, so the machine's speed
# and load don't matter. The bounds leave room for a few instructions: a new compiler may ask for others.
set -euo pipefail
cd "$(dirname "$0")/.."

# Instructions per call over those of a plain call: the path, the bound.
bounds='
healthy                  22
count-window             22
count-window-failing    150
time-window              99
slow-rule               196
failing                 116
ignored                  85
rejecting                78
ramped                   22
throttled                99
merging                 449
waiting                 126
stale                   573
watched                 250
keyed                   174
keyed-measured          356
async                    28
bulkhead                150
alternating             165
flapping               1275
probing                 805
count-window-third      205
time-window-failing     195
snapshot               1090
snapshot-of-100-keys  13200
snapshot-of-100-windows 67000
state                    70
by-hand                  28
by-hand-async            56
rejecting-by-hand        78
rejecting-half-open     230
'

command -v valgrind >/dev/null || {
  echo 'guard.sh needs valgrind (Debian: apt-get install valgrind)' >&2
  exit 2
}
cargo build --quiet --release -p benches --bin paths
program=${CARGO_TARGET_DIR:-target}/release/paths

# The instructions of a run with so many calls.
count() {
  local report
  if ! report=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1); then
    printf '%s\n' "$report" "guard.sh: \`$1\` doesn't run under valgrind" >&2
    return 1
  fi
  sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$report"
}

# Per call: the difference of a long run and a short one, so that start and first calls cancel out.
per_call() {
  local short long
  short=$(count "$1" 1000) || return 1
  long=$(count "$1" 3000) || return 1
  echo $(((long - short + 1000) / 2000))
}

plain=$(per_call plain)
failed=0
printf '%-22s %12s %6s\n' path instructions bound
while read -r path bound; do
  [ -n "$path" ] || continue
  taken=$(per_call "$path")
  over=$((taken - plain))
  printf '%-22s %12s %6s\n' "$path" "$over" "$bound"
  if [ "$over" -gt "$bound" ]; then
    echo "REGRESSION: \`$path\` takes $over instructions over a plain call; at most $bound are allowed." >&2
    echo "If that is meant, say why in the commit and raise the bound in benches/guard.sh." >&2
    failed=1
  fi
done <<<"$bounds"
exit "$failed"
