#!/usr/bin/env bash
# payments under faults and kills, then an audit of the books: ./run chaos --seed N --orders M
#
#   --seed N      what happens follows from it (default 1), up to the machine's own timing
#   --seeds K     runs K seeds, from N upwards, one after the other (default 1)
#   --orders M    orders of one seed (default 3000)
#   --client L    the orders are created by the client in python, node, go or java, by its own rule
#   --summary     only each seed's failures and verdict
#
# Everything else goes to the harness: --order_id_rule=live|any|completed, --lease, --fault_rate=0.3, --calm, --idempotency,
# --rate_limit=0.3 (429 to about that part of the requests, and at most 1.5 times the requests per order),
# --polymorphism=modern|legacy|chaos, --nokills, and switches that take one protection away, to see the audit fail:
# --markers=false, --without=guard|flights|created. build/release/tests/msp-chaos --help has them all.
# A violation's last lines say how to run it again.
source ci/lib.sh
seed=1 seeds=1 orders=3000 summary=no client='' driver=() options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage_of chaos ;;
    --summary) summary=yes && shift ;;
    --seed | --seeds | --orders)
      [[ ${2:-} =~ ^[1-9][0-9]{0,8}$ ]] || die "chaos: $1 wants a whole number above 0, not '${2:-}'"
      declare "${1#--}=$2"
      shift 2
      ;;
    --client)
      [[ ${2:-} =~ ^(python|node|go|java)$ ]] || die "chaos: --client wants python, node, go or java, not '${2:-}'"
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
  tree=$PWD/build/clients/$client/client/$client
  if [[ ! -f build/clients/$client.ok || -n $(find "client/$client" proto -newer "build/clients/$client.ok" -type f -print -quit) ]]; then
    bash ci/jobs/test-clients.sh "$client" || die "chaos: the client in $client does not work"
  fi
  case $client in
    python) command="exec '$tree/../../venv/bin/python' '$tree/tests/driver.py'" ;;
    node) command="exec node '$tree/dist/test/driver.js'" ;;
    go) command="cd '$tree' && go build -o driver ./internal/driver && exec ./driver" ;;
    java)
      command="cd '$tree' && exec mvn -B -o exec:java -Dexec.classpathScope=test \
        -Dexec.mainClass=com.multisafepay.grpc.Driver"
      ;;
  esac
  driver=("--client=$command")
fi
passed=0 failed=0 log=build/chaos.log
for ((i = seed; i < seed + seeds; i++)); do
  say "chaos: seed $i, $orders orders ${client:+created by the client in $client} ${options[*]}"
  status=0
  build/release/tests/msp-chaos --seed="$i" --orders="$orders" "${driver[@]}" "${options[@]}" </dev/null >"$log" 2>&1 || status=$?
  verdict=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || true)
  if [[ $verdict =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    ((status == 0 || BASH_REMATCH[2] > 0)) || failed=$((failed + 1))
  else
    failed=$((failed + 1))
    echo "failed: the harness ended with exit code $status and no verdict"
  fi
  if [[ $summary == yes && $status == 0 ]]; then
    grep -E '^  +paid in the end|^  +UNKNOWN|^  +requests per order|violations in|^seed ' "$log" || true
  else
    grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$log" || true
  fi
done
echo "$passed passed, $failed failed"
((failed == 0))
