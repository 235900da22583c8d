#!/bin/busybox sh
# The first process of the virtual machine: the host's files, read only, below a layer in memory, are the root. The words
# of the kernel's command line that have a "=" are in the environment.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
for module in $($b cat /modules/order); do $b insmod /modules/$module; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 host /low
$b mount -t tmpfs up /up
$b mkdir /up/upper /up/work
$b mount -t overlay -o lowerdir=/low,upperdir=/up/upper,workdir=/up/work root /root
for each in tmp run; do $b mount -t tmpfs $each /root/$each; done
$b chmod 1777 /root/tmp
for each in proc sys dev; do $b mount --move /$each /root/$each; done
$b mkdir -p /root/dev/pts /root/dev/shm
exec $b switch_root /root "$BERTH_VM_START"
