# Becomes PID 1 of a machine of its own: this machine's files with a layer in memory above them, and systemd. Started by Machine.cs in namespaces
# of its own; everything goes with the last process in them.
set -euo pipefail
place=$1 name=$2 network=$3 checkout=$4

mount --make-rprivate /
mount -t tmpfs tmpfs "$place"
mkdir "$place"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$place/root"
cd "$place/root"

# The kernel's settings are everybody's: nothing in here may change them.
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for directory in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $directory; done
chmod 1777 tmp
# Packages and units come from the checkout, which may be in a directory that a machine has of its own.
case $checkout in
  /tmp/* | /run/* | /dev/*)
    mkdir -p ".$checkout"
    mount --bind "$checkout" ".$checkout"
    ;;
esac
for device in null zero full random urandom tty; do
  touch dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm dev/net
touch dev/net/tun
mount --bind /dev/net/tun dev/net/tun
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# Of the services that are installed here none starts.
rm -f etc/systemd/system/*.wants/*
hostname "$name"
echo "$name" > etc/hostname
rm -f etc/resolv.conf
printf '127.0.0.1 localhost\n%b' "$network" > etc/hosts
# Who runs commands in here is root already, and an answer of an API that is an error must be seen.
printf '#!/bin/sh\nexec "$@"\n' > usr/local/bin/sudo
printf '#!/bin/sh\nexec /usr/bin/curl --fail-with-body --no-progress-meter "$@"\n' > usr/local/bin/curl
chmod 755 usr/local/bin/sudo usr/local/bin/curl

mkdir old
pivot_root . old
umount -l /old
rmdir /old
# As systemd makes it on a machine, and takes it for granted in a container: credentials of services are mounts that have to be seen.
mount --make-rshared /
exec env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=0
