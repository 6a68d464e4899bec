#!/usr/bin/env bash
# Takes every figure again and puts it where the docs show it.
set -euo pipefail
cd "$(dirname "$0")/.."

# Puts standard input between a page's marks of that name.
put() {
  local text page=$2
  text=$(cat)
  TEXT=$text awk -v begin="<!-- $1 -->" -v end="<!-- end of $1 -->" '
    $0 == begin { print begin "\n\n" ENVIRON["TEXT"] "\n"; inside = 1 }
    $0 == end { inside = 0 }
    !inside && $0 != begin
  ' "$page" >"$page.new"
  mv "$page.new" "$page"
}

cargo bench --quiet -p benches -- --write
cargo run --quiet --release -p benches --bin memory | put memory circuit-runtime/docs/performance.md
cargo run --quiet -p benches --bin compile-time | put build circuit-runtime/docs/performance.md
{
  echo '```text'
  benches/code-size.sh
  echo '```'
} | put code docs/internals/machine-code.md
