#!/bin/sh
# Runs what the host asks for, and says its end.
root=$(realpath "${0%/*}/../..")
cd "$root" || exit 1
read -r node < "$root/node_modules/.berth-node"
echo "berth-vm: up after $(cut -d' ' -f1 /proc/uptime) s"
# An emulated machine is some twenty times slower, and others may use the one that emulates it.
program=$root/build/test/vm/$BERTH_VM_PROGRAM
export BERTH_TEST_PATIENCE=2 BERTH_TEST_PROGRAMS="$program/programs"
"$node" --test-reporter=tap "$program/program.cjs" < /dev/null 2>&1
echo "berth-vm: end $? after $(cut -d' ' -f1 /proc/uptime) s"
