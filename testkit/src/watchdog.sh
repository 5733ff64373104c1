# Ends what a test process started once that process is gone, however it went. The test process holds the
# other end of stdin, so end of file is its death. $1: the process's temporary folder; $2: not empty: keep it.
# Lines: "watch PGID SIGNAL" and "forget PGID".
trap '' INT TERM HUP QUIT
watched=
while read -r verb group signal; do
    rest=
    for entry in $watched; do
        [ "${entry#*:}" = "$group" ] || rest="$rest $entry"
    done
    watched=$rest
    if [ "$verb" = watch ]; then watched="$watched $signal:$group"; fi
done
for entry in $watched; do
    kill -s "${entry%%:*}" -- "-${entry#*:}"
done
# Zombies answer too where nobody reaps them, hence the bound.
tries=100
for entry in $watched; do
    while [ $tries -gt 0 ] && kill -s 0 -- "-${entry#*:}"; do
        tries=$((tries - 1))
        sleep 0.05
    done
    kill -s KILL -- "-${entry#*:}"
done
if [ -z "$2" ]; then rm -rf -- "$1"; fi
