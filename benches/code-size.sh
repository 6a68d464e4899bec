#!/usr/bin/env bash
# The machine code of one annotated function, `healthy` of `src/paths.rs`, and what the cold paths that all functions
# share come to; for `circuit-runtime/docs/performance.md`.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release -p benches --bin paths
program=${CARGO_TARGET_DIR:-target}/release/paths
code=$(objdump --disassemble --demangle --no-show-raw-insn "$program")

# The function whose name ends so.
function_of() {
  awk -v name="$1>:" 'index($0, name) && / <.*>:$/ { found = 1 } found && /^$/ { exit } found' <<<"$code" | grep -v int3
}

function_of 'paths::healthy' | sed -E 's/^ +([0-9a-f]+):/  \1/; s/ +# [0-9a-f]+/ #/; s/^[0-9a-f]+ //'
printf '\n%-50s %12s\n' function instructions
for name in paths::plain paths::healthy paths::failing paths::count_window paths::rejecting paths::by_key; do
  printf '%-50s %12s\n' "$name" "$(function_of "$name" | tail -n +2 | wc -l)"
done
echo 'out of line, once for all functions:'
for name in breaker::admit breaker::reject_near_deadline breaker::reject_full breaker::admit_by_machine finish::succeed finish::succeed_by_slide finish::succeed_by_bucket finish::succeed_slow finish::finish_at Counters::bump_slow; do
  pattern=${name/breaker::/CircuitBreaker>::}
  printf '%-50s %12s\n' "$name" "$(function_of "${pattern/Counters::/Counters<R,S>::}" | tail -n +2 | wc -l)"
done
