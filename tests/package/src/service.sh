# Runs in the started clean system, as the administrator, and writes what it finds as lines NAME=value.
exec >/var/tmp/trial 2>&1

# The room is open when it takes words; the unit does not say when.
speak() {
    for _ in $(seq 60); do
        roomwire say 127.0.0.1 "words" >/dev/null 2>&1 && echo 0 && return
        sleep 1
    done
    echo "not delivered"
}

fingerprint() {
    journalctl --no-pager --output=cat --unit=roomwire-host | grep fingerprint | tail -n 1
}

export ROOMWIRE_HOME=/var/tmp/guest
mkdir -p /home/person && echo secret >/home/person/file

systemctl start roomwire-host
echo "said=$(speak)"
process=$(systemctl show --property=MainPID --value roomwire-host)
status() {
    sed -n "s/^$1:[[:space:]]*//p" "/proc/$process/status"
}
echo "user=$(status Uid | cut -f 1)"
echo "no_new_privileges=$(status NoNewPrivs)"
echo "seccomp=$(status Seccomp)"
echo "capabilities=$(status CapBnd)"
if [ -e "/proc/$process/root/home/person/file" ]; then echo "home=visible"; else echo "home=invisible"; fi

before=$(fingerprint)
systemctl restart roomwire-host
echo "said_after_restart=$(speak)"
if [ -n "$before" ] && [ "$before" = "$(fingerprint)" ]; then echo "identity=the same"; else echo "identity=another"; fi

systemctl stop roomwire-host
said_by_journal() {
    journalctl --no-pager --output=cat --unit=roomwire-host | grep -c "$1"
}
echo "goodbyes=$(said_by_journal 'Goodbye\.')"
echo "good_ends=$(said_by_journal 'Deactivated successfully')"
echo
journalctl --no-pager --unit=roomwire-host
