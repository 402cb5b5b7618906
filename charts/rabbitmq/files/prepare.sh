#!/bin/bash
# Runs before a node starts: puts the passwords into the definitions, and the cookie where only the node may read it.
# usage: prepare.sh TARGET_FOLDER
set -euo pipefail
config=/prepare/config
secrets=/prepare/auth
target=$1

definitions=$(<"$config/definitions.json")
# These keys only: others may keep keys of their own in the Secret.
for user in admin order payment inventory notification operations monitoring erlang-cookie; do
  [ -f "$secrets/$user" ] || continue
  password=$(<"$secrets/$user")
  if [[ $user = erlang-cookie && ! $password =~ ^[A-Za-z0-9]+$ ]]; then
    echo "The key $user of the broker's Secret must be letters and digits only, and not empty." >&2
    exit 1
  elif [[ -z $password || $password = *[[:cntrl:]]* ]]; then
    echo "The key $user of the broker's Secret must not be empty, nor have control characters." >&2
    exit 1
  fi
  # As JSON writes it; and without the sign that encloses the names still to be replaced.
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
# With the operator, everything else is the operator's.
[ -f "$config/rabbitmq.conf" ] || exit 0

cp "$config/rabbitmq.conf" "$config/enabled_plugins" "$target/"
# Never on the volume: what mounts it widens the file's mode, and the node then refuses to start.
rm -f /var/lib/rabbitmq/.erlang.cookie
printf '%s' "$(<"$secrets/erlang-cookie")" >/var/lib/rabbitmq/.erlang.cookie
chmod 400 /var/lib/rabbitmq/.erlang.cookie

# A node that has been a member knows the others.
[ -z "$(ls -A /var/lib/rabbitmq/mnesia)" ] || exit 0

listens() { # node port
  timeout 2 bash -c "exec 3<>/dev/tcp/${POD_NAME%-*}-$1.$NODES_SERVICE/$2" 2>/dev/null
}

if [ "${POD_NAME##*-}" = 0 ]; then
  # The first node forms the cluster, unless there is one already: then it lost its volume. RabbitMQ itself would wait
  # for a second node first, and all others wait for this one.
  for ((node = 1; node < REPLICAS; node++)); do
    if listens "$node" 25672; then exit 0; fi
  done
  grep -v '^cluster_formation\.' "$config/rabbitmq.conf" >"$target/rabbitmq.conf"
else
  # A new node that cannot see the first one yet would form a cluster of its own.
  until listens 0 5672; do
    [ "${reported:-}" ] || echo 'Waiting for the first node, which forms the cluster.'
    reported=yes
    sleep 1
  done
fi
