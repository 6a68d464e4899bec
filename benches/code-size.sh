#!/usr/bin/env bash
# The machine code of annotated functions, those of `src/paths.rs`, and of the runtime that they share.
#
#   benches/code-size.sh            how many instructions each has; for `docs/internals/machine-code.md`
#   benches/code-size.sh healthy    the instructions of one of them
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release -p benches --bin paths
code=$(objdump --disassemble --demangle --no-show-raw-insn "${CARGO_TARGET_DIR:-target}/release/paths" | grep -v int3)

if [ $# -gt 0 ]; then
  listing=$(awk -v name="<paths::$1>:" '/ <.*>:$/ { found = $2 == name } found && NF' <<<"$code")
  [ -n "$listing" ] || {
    echo "no function \`$1\` in benches/src/paths.rs" >&2
    exit 1
  }
  sed -E 's/^ +([0-9a-f]+):/  \1/; s/ +# [0-9a-f]+/ #/; s/^[0-9a-f]+ //' <<<"$listing"
  exit
fi

awk '
  / <.*>:$/ { name = $0; sub(/^[0-9a-f]+ </, "", name); sub(/>:$/, "", name); next }
  /^ +[0-9a-f]+:/ { count[name]++ }
  END {
    printf "%-40s %12s\n", "function", "instructions"
    split("plain healthy count_window failing rejecting by_key polled", paths)
    for (i = 1; i in paths; i++) printf "%-40s %12d\n", "paths::" paths[i], count["paths::" paths[i]]
    print "out of line, once for all functions, by module:"
    for (name in count)
      if (match(name, /^<?circuit_runtime::[a-z_]+/)) {
        module = substr(name, RSTART, RLENGTH); sub(/^</, "", module)
        modules[module] += count[name]
      }
    for (module in modules) printf "%-40s %12d\n", module, modules[module] | "sort"
  }
' <<<"$code"
