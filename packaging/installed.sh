#!/bin/sh
# After the files are there: the user, and who may read what. Nothing is started before somebody
# wrote /etc/statusbot/config.yaml and enabled the service.
set -e
if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers statusbot.conf
elif ! getent passwd statusbot >/dev/null; then
  useradd --system --home-dir /var/lib/statusbot --shell /usr/sbin/nologin statusbot
fi
chown root:statusbot /etc/statusbot /etc/statusbot/environment
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # A new version takes over; a service that was not running stays so.
  systemctl try-restart statusbot.service
fi
