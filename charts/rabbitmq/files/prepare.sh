#!/bin/bash
# Init container: inserts the passwords into the definitions, and writes the Erlang cookie with mode 400.
# usage: prepare.sh TARGET_FOLDER
set -euo pipefail
config=/prepare/config
secrets=/prepare/auth
target=$1

definitions=$(<"$config/definitions.json")
# Other keys of the Secret are ignored.
for user in admin order payment inventory notification operations monitoring erlang-cookie; do
  [ -f "$secrets/$user" ] || continue
  password=$(<"$secrets/$user")
  if [[ $user = erlang-cookie && ! $password =~ ^[A-Za-z0-9]+$ ]]; then
    echo "The key $user of the broker's Secret must consist of letters and digits, and must not be empty." >&2
    exit 1
  elif [[ -z $password || $password = *[[:cntrl:]]* ]]; then
    echo "The key $user of the broker's Secret must not be empty or contain control characters." >&2
    exit 1
  fi
  # Escape for JSON, and escape @, which delimits the placeholders.
  password=${password//'\'/'\\'}
  password=${password//'"'/'\"'}
  password=${password//@/'\u0040'}
  definitions=${definitions//"@$user@"/"$password"}
done
if [[ $definitions =~ \"@([a-z]+)@\" ]]; then
  echo "The broker's Secret has no key ${BASH_REMATCH[1]}." >&2
  exit 1
fi
umask 077
printf '%s\n' "$definitions" >"$target/definitions.json"
# In the mode `operator`, the operator writes the other files.
[ -f "$config/rabbitmq.conf" ] || exit 0

cp "$config/rabbitmq.conf" "$config/enabled_plugins" "$target/"
# Not on the data volume: fsGroup would widen the file's mode, and the node would fail to start.
rm -f /var/lib/rabbitmq/.erlang.cookie
printf '%s' "$(<"$secrets/erlang-cookie")" >/var/lib/rabbitmq/.erlang.cookie
chmod 400 /var/lib/rabbitmq/.erlang.cookie

# A node with data is already a member of a cluster.
[ -z "$(ls -A /var/lib/rabbitmq/mnesia)" ] || exit 0

listens() { # node port
  timeout 2 bash -c "exec 3<>/dev/tcp/${POD_NAME%-*}-$1.$NODES_SERVICE/$2" 2>/dev/null
}

if [ "${POD_NAME##*-}" = 0 ]; then
  # The first node forms the cluster without peer discovery, which would wait for a second node, while all other nodes
  # wait for the first. If another node runs, the first node has lost its volume and must not form a second cluster.
  for ((node = 1; node < REPLICAS; node++)); do
    if listens "$node" 25672; then exit 0; fi
  done
  grep -v '^cluster_formation\.' "$config/rabbitmq.conf" >"$target/rabbitmq.conf"
else
  # Without this, a node that cannot reach the first node yet could form a second cluster.
  until listens 0 5672; do
    [ "${reported:-}" ] || echo 'Waiting for the first node, which forms the cluster.'
    reported=yes
    sleep 1
  done
fi
