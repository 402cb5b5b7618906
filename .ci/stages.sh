# Sourced by run and nightly: stages with a log, a duration and a result, the cluster, and the closing table.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CI=true
results=$(mktemp -d)
groups=()

provider=${CLUSTER_PROVIDER:-../shared/kube}
[ -n "${CLUSTER_PROVIDER:-}" ] || [ -d "$provider" ] || provider=k8s/kind
case $provider in /*) ;; *) provider=$PWD/$provider ;; esac

finish() {
  for group in "${groups[@]}"; do kill -- "-$group" 2>/dev/null; done
  wait
  "$provider/down" >/dev/null 2>&1
  rm -rf "$results"
}

trap finish EXIT
trap 'exit 130' INT TERM

require() { # program...
  local missing=()
  for program in "$@"; do command -v "$program" >/dev/null || missing+=("$program"); done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "Not on PATH: ${missing[*]}. CI needs them; see .ci/README.md."
    echo 'tests: 0 passed, 1 failed, 0 skipped'
    exit 1
  fi
}

# Runs a command, shows its output with the stage's name before each line, and records duration and result.
stage() { # name, command...
  local name=$1 started=$SECONDS result=passed
  shift
  echo "=== $name: $*"
  "$@" 2>&1 </dev/null | tee "$results/$name.log" | sed -u "s/^/$name | /" || result=FAILED
  printf '%s %d %d %s\n' "$name" "$started" $((SECONDS - started)) "$result" >>"$results/table"
  echo "=== $name: $result in $((SECONDS - started)) s"
  [ "$result" = passed ]
}

passed() { # stage
  grep -q "^$1 .* passed$" "$results/table"
}

start_cluster() { # program of the provider that adds monitoring, with its arguments
  "$provider/down" && "$provider/up" && "$@"
}

# Runs functions of stages beside each other until all have ended. Each is a process group, which `finish` can end at once.
in_parallel() { # function...
  set -m
  for group in "$@"; do
    "$group" &
    groups+=($!)
  done
  set +m
  for group in "${groups[@]}"; do wait "$group"; done
  groups=()
}

# The runners' own closing lines: mocha's "12 passing (3s)", "1 failing", "2 pending"; "--- PASS: TestX" of Go; and
# "tests: 20 passed, 0 failed, 0 skipped" of the tests on the cluster.
count() { # mocha's word, Go's word, the cluster tests' word
  cat "$results"/*.log | sed 's/\x1b\[[0-9;]*m//g' | awk -v mocha="$1" -v go="$2:" -v ours="$3" '
    $2 == mocha && $1 ~ /^[0-9]+$/ { n += $1 }
    /^--- / && $2 == go { n++ }
    /^tests: / { for (i = 2; i < NF; i += 2) if ($(i + 1) ~ "^" ours) n += $i }
    END { print n + 0 }'
}

# Prints the table and the counts; the exit code is 0 only when every expected stage ran and passed.
report() { # expected stage...
  local failed=() name line
  printf '\n%-12s %8s %9s  %s\n' stage 'start s' 'took s' result
  for name in "$@"; do
    line=$(grep "^$name " "$results/table") || line="$name - - not-run"
    # shellcheck disable=SC2086
    printf '%-12s %8s %9s  %s\n' $line
    case $line in *' passed') ;; *) failed+=("$name") ;; esac
  done
  printf '%-12s %8s %9d\n\n' total '' "$SECONDS"
  local passed failures skipped
  passed=$(count passing PASS passed) failures=$(count failing FAIL failed) skipped=$(count pending SKIP skipped)
  if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}"
    [ "$failures" -gt 0 ] || failures=${#failed[@]}
  fi
  echo "tests: $passed passed, $failures failed, $skipped skipped"
  [ ${#failed[@]} -eq 0 ] && [ "$failures" -eq 0 ] && [ "$passed" -gt 0 ]
}
