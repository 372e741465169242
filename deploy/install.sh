#!/bin/sh
# Puts @NAME@ @VERSION@ into PREFIX (/usr/local), and its unit where systemd finds it. Starts nothing. Run it as root: sudo ./install.sh
set -eu
cd "$(dirname "$0")"
prefix=${PREFIX:-/usr/local}

# A running program is not written over: the new one takes its name.
install -D -m 755 bin/@NAME@ "$prefix/bin/@NAME@.new"
mv -f "$prefix/bin/@NAME@.new" "$prefix/bin/@NAME@"
cp -R share/. "$prefix/share/"
install -d "/etc/@NAME@"
[ -e "/etc/@NAME@/@FILE@" ] || install -m 644 "etc/@FILE@" "/etc/@NAME@/@FILE@"

id @NAME@ > /dev/null 2>&1 || useradd --system --home-dir "/var/lib/@NAME@" --shell /usr/sbin/nologin @NAME@
install -d -m 700 -o @NAME@ -g @NAME@ "/var/lib/@NAME@"
if [ -d /etc/systemd/system ]; then
  sed "s|/usr/|$prefix/|" systemd/@NAME@.service > /etc/systemd/system/@NAME@.service
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
echo "@NAME@ is installed and not started. Next: @NEXT@"
