# How `.ci/run` runs its steps. Source it.

started=$SECONDS
logs=$(mktemp -d)
declare -A begun

stop_what_runs() {
  local step
  for step in "${!begun[@]}"; do
    kill -- "-${begun[$step]}" 2>/dev/null || true
  done
  rm -rf "$logs"
}
trap stop_what_runs EXIT

# The first comment of a step's script says what it checks.
heading() {
  printf '\n== %s: %s\n' "$1" "$(sed -n '2s/^# //p' ".ci/steps/$1")"
}

# $1: a step, $2: its exit code, $3: when it began.
report() {
  if [ "$2" != 0 ]; then
    printf '\nFAILED: %s (run it again with .ci/steps/%s)\n' "$1" "$1" >&2
    exit 1
  fi
  printf -- '-- %s: %s s\n' "$1" $((SECONDS - $3))
}

# Runs a step and waits for it.
step() {
  local began=$SECONDS code=0
  heading "$1"
  ".ci/steps/$1" || code=$?
  report "$1" "$code" "$began"
}

# Runs a step beside the next ones, until `await`; in a process group of its own, so that it can be stopped whole.
begin() {
  printf '\n== %s: started, runs in parallel with the next steps\n' "$1"
  set -m
  {
    began=$SECONDS code=0
    ".ci/steps/$1" >"$logs/$1" 2>&1 || code=$?
    echo "$code $began $SECONDS" >"$logs/$1.ended"
  } &
  begun[$1]=$!
  set +m
}

# Waits for a step that `begin` has begun, and shows what it printed.
await() {
  local code began ended
  wait "${begun[$1]}" || true
  unset "begun[$1]"
  heading "$1"
  cat "$logs/$1"
  read -r code began ended <"$logs/$1.ended"
  report "$1" "$code" $((SECONDS - ended + began))
}

finish() {
  printf '\nall steps passed, in %s s\n' $((SECONDS - started))
  exit 0
}
