#!/usr/bin/env bash
# Takes every figure again and puts it where the docs show it.
set -euo pipefail
cd "$(dirname "$0")/.."

page=circuit-runtime/docs/performance.md

# Puts standard input between the page's marks of that name.
put() {
  local text
  text=$(cat)
  TEXT=$text awk -v begin="<!-- $1 -->" -v end="<!-- end of $1 -->" '
    $0 == begin { print begin "\n\n" ENVIRON["TEXT"] "\n"; inside = 1 }
    $0 == end { inside = 0 }
    !inside && $0 != begin
  ' "$page" >"$page.new"
  mv "$page.new" "$page"
}

cargo bench --quiet -p benches -- --write
cargo run --quiet --release -p benches --bin memory | put memory
cargo run --quiet -p benches --bin compile-time | put build
{
  echo '```text'
  benches/code-size.sh
  echo '```'
} | put code
