#!/bin/sh
# Runs what the host asks for, and says its end.
root=$(realpath "${0%/*}/../..")
cd "$root" || exit 1
read -r node < "$root/node_modules/.berth-node"
echo "berth-vm: up after $(cut -d' ' -f1 /proc/uptime) s"
"$node" --test-reporter=tap "$root/build/test/vm/$BERTH_VM_PROGRAM.cjs" < /dev/null 2>&1
echo "berth-vm: end $? after $(cut -d' ' -f1 /proc/uptime) s"
