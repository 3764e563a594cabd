#!/bin/sh
# Before the files go for good; an upgrade ("upgrade", or 1 and more for rpm) leaves it running.
# What was measured and told stays in /var/lib/statusbot.
set -e
case $1 in
remove | 0)
  if [ -d /run/systemd/system ]; then
    systemctl disable --now statusbot.service
  fi
  ;;
esac
