#!/usr/bin/env bash
# payments under faults and kills, then an audit against the sandbox's ledger: ./run chaos --seed N --orders M
# SPDX-License-Identifier: Apache-2.0
#
#   --seed N      random seed (default 1); the machine's timing also has an influence
#   --seeds K     runs K seeds, from N upwards, one after the other (default 1)
#   --orders M    number of orders for each seed (default 3000)
#   --client L    orders are created, captured, voided, cancelled and refunded by the client in python, python-aio (that of
#                 asyncio), node, go, java or php, by that client's own retry policy
#   --summary     print only each run's failures and verdict
#   --matrix      the rule sets of tests/chaos/rule_sets.cc instead, one run each; M orders of all together (default 100000)
#   --sample K    with --matrix: K of the rule sets, which seed N chooses
#
# In a whole matrix at most 0.3 % of the statements stay UNKNOWN although MultiSafepay's record shows the outcome.
#
# Everything else goes to the harness: --order_id_rule=live|any|completed, --lease, --fault_rate=0.3, --calm, --idempotency,
# --rate_limit=0.3 (429 to about that part of the calls, and at most 1.5 times the requests per order),
# --polymorphism=modern|legacy|chaos, --nokills, --rules=NAME (one rule set of the matrix), and --markers=false, which disables a
# protection. build/release/tests/msp-chaos --help has them all. A violation's last lines have the command to repeat it.
source ci/lib.sh
seed=1 seeds=1 orders='' summary=no matrix=no sample=0 client='' driver=() options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage_of chaos ;;
    --summary) summary=yes && shift ;;
    --matrix) matrix=yes && shift ;;
    --seed | --seeds | --orders | --sample)
      [[ ${2:-} =~ ^[1-9][0-9]{0,8}$ ]] || die "chaos: $1 requires a whole number above 0, not '${2:-}'"
      declare "${1#--}=$2"
      shift 2
      ;;
    --client)
      [[ ${2:-} =~ ^(python|python-aio|node|go|java|php)$ ]] ||
        die "chaos: --client requires python, python-aio, node, go, java or php, not '${2:-}'"
      client=$2
      shift 2
      ;;
    --*) options+=("$1") && shift ;;
    *) die "chaos: unknown argument '$1'; ./run chaos --help" ;;
  esac
done
install build test
build release msp-chaos
if [[ -n $client ]]; then
  # The checkout that the client's tests were run in, built and installed as its README says.
  language=${client%-aio}
  tree=$PWD/build/clients/$language/client/$language
  if [[ ! -f build/clients/$language.ok || -n $(find "client/$language" proto -newer "build/clients/$language.ok" -type f -print -quit) ]]; then
    bash ci/jobs/test-clients.sh "$language" || die "chaos: the client in $language does not work"
  fi
  case $client in
    python) command="exec '$tree/../../venv/bin/python' '$tree/tests/driver.py'" ;;
    python-aio) command="exec '$tree/../../venv/bin/python' '$tree/tests/driver.py' --aio" ;;
    node) command="exec node '$tree/dist/test/driver.js'" ;;
    php) command="exec php '$tree/tests/driver.php'" ;;
    go) command="cd '$tree' && go build -o driver ./internal/driver && exec ./driver" ;;
    java)
      command="cd '$tree' && exec mvn -B -o exec:java -Dexec.classpathScope=test \
        -Dexec.mainClass=com.multisafepay.grpc.Driver"
      ;;
  esac
  driver=("--client=$command")
fi
harness=build/release/tests/msp-chaos
rule_sets=('')
if [[ $matrix == yes ]]; then
  mapfile -t rule_sets < <("$harness" --list_rules)
  if ((sample > 0 && sample < ${#rule_sets[@]})); then
    # Evenly spaced: neighbours in the table are alike.
    step=$((${#rule_sets[@]} / sample)) chosen=()
    for ((i = 0; i < sample; i++)); do
      chosen+=("${rule_sets[(seed + i * step) % ${#rule_sets[@]}]}")
    done
    rule_sets=("${chosen[@]}")
  fi
  orders=$((${orders:-100000} / ${#rule_sets[@]}))
fi
orders=${orders:-3000}

passed=0 failed=0 unresolved=0 statements=0 logs=build/chaos
mkdir -p "$logs"
# One run of the harness: LOG SEED [OPTION...].
run_once() {
  local status=0
  "$harness" --seed="$2" --orders="$orders" "${driver[@]}" "${@:3}" </dev/null >"$1" 2>&1 || status=$?
  echo "$status" >"$1.status"
}
# What it found.
judge() {
  local status verdict counted
  status=$(<"$1.status")
  verdict=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1 || true)
  if [[ $verdict =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    ((status == 0 || BASH_REMATCH[2] > 0)) || failed=$((failed + 1))
  else
    failed=$((failed + 1))
    echo "failed: the harness ended with exit code $status and no verdict"
  fi
  counted=$(grep -oE 'knowable: [0-9]+ of [0-9]+' "$1" || true)
  if [[ $counted =~ ([0-9]+)\ of\ ([0-9]+) ]]; then
    unresolved=$((unresolved + BASH_REMATCH[1])) statements=$((statements + BASH_REMATCH[2]))
  fi
  if [[ $summary == yes && $status == 0 ]]; then
    grep -E '^  +paid in the end|^  +UNKNOWN|^  +requests |violations in|^seed ' "$1" || true
  else
    grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$1" || true
  fi
}
# Rule sets mostly wait for lagging reads: run several at a time. Runs of single seeds run one after the other.
at_once=1
[[ $matrix == no ]] || at_once=4
for ((i = seed; i < seed + seeds; i++)); do
  for ((first = 0; first < ${#rule_sets[@]}; first += at_once)); do
    for rules in "${rule_sets[@]:first:at_once}"; do
      run_once "$logs/$i$rules.log" "$i" ${rules:+"--rules=$rules"} "${options[@]}" &
    done
    wait
    for rules in "${rule_sets[@]:first:at_once}"; do
      say "chaos: seed $i, $orders orders ${client:+by the client in $client} ${rules:+--rules=$rules} ${options[*]}"
      judge "$logs/$i$rules.log"
    done
  done
done
if [[ $matrix == yes ]]; then
  say "chaos: ${#rule_sets[@]} rule sets, UNKNOWN although knowable: $unresolved of $statements statements"
  if ((unresolved * 1000 <= statements * 3)); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo 'FAILED  at most 0.3 % of all statements were UNKNOWN although knowable'
  fi
fi
echo "$passed passed, $failed failed"
((failed == 0))
