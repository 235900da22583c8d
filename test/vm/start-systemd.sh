#!/bin/sh
# The virtual machine's first process with systemd: a bus and our program are all that is started.
here=${0%/*}
units=/run/systemd/system
# It says of the host that it is a container.
rm -f /.dockerenv
mkdir -p "$units"
cat > "$units/dbus.socket" <<END
[Unit]
DefaultDependencies=no
[Socket]
ListenStream=/run/dbus/system_bus_socket
END
cat > "$units/dbus.service" <<END
[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation
END
cat > "$units/berth-vm.service" <<END
[Unit]
DefaultDependencies=no
Requires=dbus.socket
Wants=dbus.service
After=dbus.socket dbus.service
SuccessAction=reboot-force
FailureAction=reboot-force
[Service]
Type=oneshot
Environment=BERTH_VM_PROGRAM=$BERTH_VM_PROGRAM HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=$here/in-machine.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
END
cat > "$units/berth-vm.target" <<END
[Unit]
DefaultDependencies=no
Requires=berth-vm.service
END
exec /lib/systemd/systemd --unit=berth-vm.target --show-status=0 --log-level=warning
